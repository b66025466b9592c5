"""Rows about computing: indicators, decisions, replays."""

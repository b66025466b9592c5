"""Rows about the store: commits, and a long log."""

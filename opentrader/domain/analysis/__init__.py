"""Candles, trends, the Priority System, and mean reversion."""

"""Compiled array functions; the typed API above them is `opentrader.indicators`."""

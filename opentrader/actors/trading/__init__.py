"""Trades from intent to flat: lifecycle loop, pending entries, closing, recovery, history."""

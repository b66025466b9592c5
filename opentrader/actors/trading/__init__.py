"""Trades from intent to flat: the lifecycle loop, pending entries, recovery, and the history."""

"""The composition root: the trading system and all of its parts."""

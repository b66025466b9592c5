"""The composition root: the trading system and everything it is made of."""

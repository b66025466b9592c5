"""Exchanges: the paper exchange, and the meaning of a venue's refusals."""

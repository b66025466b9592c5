"""Trades and the account as the API shows them."""

"""Builds the replies: trades, entries, the account, and outcomes of requests."""

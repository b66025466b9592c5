"""Finds trades that the journal does not know, and restores them."""

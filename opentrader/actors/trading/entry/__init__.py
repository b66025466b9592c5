"""Entries: the gate, the requests, and the intents made from them."""

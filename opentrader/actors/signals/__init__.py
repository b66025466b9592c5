"""Signals: the book, the bot that emits them, and the operator who approves them."""

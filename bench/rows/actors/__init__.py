"""Rows about the actors: messages and prices."""

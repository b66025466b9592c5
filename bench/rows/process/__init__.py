"""Rows about a whole process: its start, its memory, what a user waits for."""

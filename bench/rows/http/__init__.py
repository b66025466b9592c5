"""Rows about HTTP: a daemon beside a bare server, and a client that loads both."""

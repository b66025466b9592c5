"""Processes beside this one: a daemon, a bare server, a client."""

"""Starts actors, restarts the ones that crash, and stops them in order."""

"""Compiled kernels: their cache, and the child processes that fill it and stand in for it."""

"""Compiled kernels: the cache, and the child process that fills it."""

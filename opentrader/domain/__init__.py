"""The language of the system: values and decisions, pure; no I/O, no clock, no randomness, no threads."""

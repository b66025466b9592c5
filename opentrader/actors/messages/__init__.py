"""The map of the system: every message, the actor that owns it, and its reply."""

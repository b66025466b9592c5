"""Rows about an exchange that is far away."""

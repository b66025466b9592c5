"""What becomes of a trade once it is closed."""

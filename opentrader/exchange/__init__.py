"""Where orders go: the paper exchange, and what every venue's refusals mean."""

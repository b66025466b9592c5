"""The daemon: the process that runs the trading system."""

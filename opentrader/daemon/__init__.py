"""The daemon: the process around the trading system."""

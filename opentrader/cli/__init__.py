"""The command line."""

from opentrader.cli.entry import main

__all__ = ["main"]

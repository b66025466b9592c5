"""The server of feeds, started for a test and stopped after it."""

from tests.fakes.wire import wire

__all__ = ["wire"]

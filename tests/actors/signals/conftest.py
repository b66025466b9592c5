"""The Bot API server, started for a test and stopped after it."""

from tests.fakes.telegram import telegram

__all__ = ["telegram"]

"""A scene on the paper exchange, opened for a test and closed after it."""

from tests.exchange.paper.scene import opening, refusal, scene

__all__ = ["opening", "refusal", "scene"]

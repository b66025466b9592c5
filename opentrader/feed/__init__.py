"""Sources of candles and prices: a simulated market or recorded files, each behind `domain.ports.Feed`.

This module imports nothing heavy: `open_feed` imports the selected feed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentrader.feed.choice import (
    DEFAULT_SEED,
    MAX_SEED,
    FeedChoice,
    FilesChoice,
    SimulatedChoice,
    parse_feed,
)

if TYPE_CHECKING:
    from opentrader.domain.ports import Feed

__all__ = [
    "DEFAULT_SEED",
    "MAX_SEED",
    "FeedChoice",
    "FilesChoice",
    "SimulatedChoice",
    "open_feed",
    "parse_feed",
]


def open_feed(choice: FeedChoice, *, shift_ms: int = 0) -> Feed:
    """Open the selected feed; its candles appear `shift_ms` later than they were recorded."""
    if isinstance(choice, FilesChoice):
        from opentrader.feed.files import FileFeed

        return FileFeed(choice.directory, shift_ms=shift_ms)
    from opentrader.feed.simulated import SimulatedFeed

    return SimulatedFeed(choice.seed, shift_ms=shift_ms)

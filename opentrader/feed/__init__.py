"""Where candles and prices come from: a simulated market or recorded files, each behind `domain.ports.Feed`.

Nothing heavy is imported here: `open_feed` imports the feed that was chosen.
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
    """The feed that was chosen; its candles appear `shift_ms` later than they were recorded."""
    if isinstance(choice, FilesChoice):
        from opentrader.feed.files import FileFeed

        return FileFeed(choice.directory, shift_ms=shift_ms)
    from opentrader.feed.simulated import SimulatedFeed

    return SimulatedFeed(choice.seed, shift_ms=shift_ms)

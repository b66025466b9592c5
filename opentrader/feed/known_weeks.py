"""Precomputed results of `first_week` for the default seed, watchlist and bot, so that a first start need not search.

The result depends only on the four-hour slot of the week, because that decides which candles have closed. A test
repeats the search for all of them.
"""

from __future__ import annotations

from opentrader.domain.timeframes import TF_MS
from opentrader.feed.weeks import start_of_week

# The week of the timeline, by the four hours of the week; a row is a day, Monday first.
_WEEKS = (
    (1, 1, 1, 1, 1, 1),
    (3, 3, 3, 3, 10, 12),
    (2, 2, 2, 2, 5, 1),
    (1, 1, 1, 3, 0, 5),
    (5, 2, 2, 5, 2, 2),
    (2, 5, 1, 1, 1, 0),
    (0, 0, 0, 0, 0, 0),
)  # fmt: skip


def known_week(now_ms: int) -> int:
    """The number of the first week with a trade and a signal on the 4h timeframe at this time of week."""
    day, hours = divmod((now_ms - start_of_week(now_ms)) // TF_MS["4h"], 6)
    return _WEEKS[day][hours]

"""Where the search of `first_week` ends for the market that most newcomers meet, so that they need not wait for it.

That market is the one of the default seed, watchlist and bot. Then the answer depends on the four hours of the week
alone, for these decide which candles have closed. A test searches all of them anew.
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
    """The number of the first week that shows a trade and a signal on four hours at this time of week."""
    day, hours = divmod((now_ms - start_of_week(now_ms)) // TF_MS["4h"], 6)
    return _WEEKS[day][hours]

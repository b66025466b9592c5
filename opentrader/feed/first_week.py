"""Selects the first week of the simulated market that a new data folder sees: one with a trade and a signal.

The market is the same for everyone; the search selects the position of now on its timeline. It walks the weeks of the
timeline, at this time of week, until a scan explains a trade and scan-and-signal emits a signal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opentrader.domain.analysis.parameters import HISTORY
from opentrader.domain.analysis.reading import candles_of
from opentrader.domain.ports import Feed
from opentrader.domain.timeframes import HTF_OF, WEEK_MS, Timeframe
from opentrader.feed.simulated import HISTORY_START_MS
from opentrader.feed.weeks import start_of_week
from opentrader.feed.windows import Rows

FIRST_WEEK_MS = HISTORY_START_MS + 521 * WEEK_MS  # 2024-01-01, after ten years of history
MAX_WEEKS = 260
_TIMEFRAME: Timeframe = "4h"

Explains = Callable[[Rows, Rows, int], bool]
"""Whether the candles of (higher timeframe, middle timeframe, now_ms) lead to a decision to trade."""
Signals = Callable[[Rows, int], bool]
"""Whether the candles of (timeframe, now_ms) contain a buy setup with an acceptable bracket."""


@dataclass(frozen=True, slots=True)
class FirstWeek:
    """The start on the timeline: recorded time is `shift_ms` behind market time."""

    shift_ms: int
    weeks_tried: int
    trade: bool  # a scan explains at least one trade
    signal: bool  # scan-and-signal emits at least one signal


async def first_week(
    feed: Feed,
    pairs: Sequence[str],
    now_ms: int,
    *,
    explains: Explains,
    signals: Signals,
    signal_timeframe: Timeframe = "4h",
    signal_history: int = 1000,
    max_weeks: int = MAX_WEEKS,
) -> FirstWeek:
    """The first week of an unshifted `feed` that has a trade and a signal at this time of week.

    `signals` examines the last `signal_history` candles of `signal_timeframe`. After `max_weeks` weeks the result is
    the first week with a signal, or else the first week.
    """
    fallback = FirstWeek(shift_to(now_ms, 0), max_weeks, trade=False, signal=False)
    for week in range(max_weeks):
        shift = shift_to(now_ms, week)
        if not await _any_signal(
            feed=feed,
            pairs=pairs,
            at_ms=now_ms - shift,
            signals=signals,
            timeframe=signal_timeframe,
            history=signal_history,
        ):
            continue
        if await _any_trade(feed, pairs, now_ms - shift, explains):
            return FirstWeek(shift, week + 1, trade=True, signal=True)
        if not fallback.signal:
            fallback = FirstWeek(shift, max_weeks, trade=False, signal=True)
    return fallback


def shift_to(now_ms: int, week: int) -> int:
    """The shift in milliseconds that moves now into that week of the timeline."""
    return start_of_week(now_ms) - FIRST_WEEK_MS - week * WEEK_MS


async def _any_signal(
    feed: Feed, pairs: Sequence[str], at_ms: int, signals: Signals, timeframe: Timeframe, history: int
) -> bool:
    for pair in pairs:
        if signals(await candles_of(feed, pair, timeframe, limit=history, now_ms=at_ms), at_ms):
            return True
    return False


async def _any_trade(feed: Feed, pairs: Sequence[str], at_ms: int, explains: Explains) -> bool:
    for pair in pairs:
        htf = await candles_of(feed, pair, HTF_OF[_TIMEFRAME], limit=HISTORY, now_ms=at_ms)
        mtf = await candles_of(feed, pair, _TIMEFRAME, limit=HISTORY, now_ms=at_ms)
        if explains(htf, mtf, at_ms):
            return True
    return False

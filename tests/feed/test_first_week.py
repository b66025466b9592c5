"""Where a newcomer enters the simulated market's timeline."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from opentrader.domain.timeframes import TF_MS, WEEK_MS, Timeframe, open_time
from opentrader.feed.first_week import FIRST_WEEK_MS, FirstWeek, first_week
from opentrader.feed.simulated import HISTORY_START_MS, SimulatedFeed
from opentrader.feed.weeks import start_of_week, week_of
from opentrader.indicators import market_context, mr_signal

WATCHLIST = [f"{base}USDT" for base in ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "AVAX")]
NOW = int(datetime(2026, 11, 25, 13, 47, 12, tzinfo=UTC).timestamp() * 1000)  # a Wednesday


def week_number(at_ms: int) -> int:
    return week_of(at_ms) - week_of(FIRST_WEEK_MS)


def explains(htf: np.ndarray, mtf: np.ndarray, now_ms: int) -> bool:
    context = market_context(htf, mtf, htf_tf="1d", mtf_tf="4h", now_ms=now_ms)
    return context.priority_decision.startswith("trade_")


def signals(rows: np.ndarray, now_ms: int) -> bool:
    return getattr(mr_signal(rows, "4h", now_ms=now_ms), "direction", None) == "buy"


async def shows(feed: SimulatedFeed, now_ms: int) -> tuple[bool, bool]:
    """Whether (a trade, a signal) is there on the whole watchlist."""
    trade = signal = False
    for pair in WATCHLIST:
        htf = await feed.candles(pair, "1d", limit=500, now_ms=now_ms)
        mtf = await feed.candles(pair, "4h", limit=500, now_ms=now_ms)
        trade |= explains(htf, mtf, now_ms)
        signal |= signals(await feed.candles(pair, "4h", limit=1000, now_ms=now_ms), now_ms)
    return trade, signal


def searched(trades: set[int], buys: set[int], *, max_weeks: int = 20) -> FirstWeek:
    """The search on a market that shows trades and setups in the weeks of those numbers."""
    return asyncio.run(
        first_week(
            SimulatedFeed(),
            WATCHLIST[:2],
            NOW,
            max_weeks=max_weeks,
            explains=lambda htf, mtf, at: week_number(at) in trades,
            signals=lambda rows, at: week_number(at) in buys,
        )
    )


def test_ten_years_lie_behind_the_first_week() -> None:
    assert (FIRST_WEEK_MS - HISTORY_START_MS) // WEEK_MS >= 520
    assert start_of_week(FIRST_WEEK_MS) == FIRST_WEEK_MS


def test_the_first_week_with_both_is_taken() -> None:
    found = searched({1, 4, 6}, {2, 3, 4, 6})
    assert (found.trade, found.signal, found.weeks_tried) == (True, True, 5)
    assert week_number(NOW - found.shift_ms) == 4
    assert found.shift_ms % WEEK_MS == 0


def test_without_such_a_week_the_first_with_a_signal_is_taken() -> None:
    found = searched({1, 4}, {2, 3})
    assert (found.trade, found.signal, found.weeks_tried) == (False, True, 20)
    assert week_number(NOW - found.shift_ms) == 2


@pytest.mark.parametrize("trades", [set(), {3}])
def test_without_any_signal_it_is_the_first_week(trades: set[int]) -> None:
    found = searched(trades, set())
    assert (found.trade, found.signal) == (False, False)
    assert week_number(NOW - found.shift_ms) == 0


def test_no_week_beyond_the_last_is_tried() -> None:
    assert searched({20}, {20}, max_weeks=20).signal is False
    assert searched({19}, {19}, max_weeks=20).weeks_tried == 20


def test_one_market_may_show_the_trade_and_another_the_signal() -> None:
    search = first_week(
        SimulatedFeed(),
        ["ETHUSDT", "BTCUSDT"],
        NOW,
        explains=lambda htf, mtf, at: mtf[-1, 4] < 10_000,
        signals=lambda rows, at: rows[-1, 4] > 10_000,
    )
    assert asyncio.run(search).weeks_tried == 1


@pytest.mark.parametrize("timeframe", ["4h", "1h"])
def test_judges_get_the_candles_that_a_scan_reads(timeframe: Timeframe) -> None:
    seen: list[np.ndarray] = []

    def keep(*judged: Any) -> bool:
        *tables, at = judged
        assert all(open_time(at, "15m") - table[-1, 0] < TF_MS["1d"] for table in tables)
        seen.extend(tables)
        return True

    asyncio.run(first_week(SimulatedFeed(), ["BTCUSDT"], NOW, explains=keep, signals=keep, signal_timeframe=timeframe))
    reversion, htf, mtf = seen
    assert [len(rows) for rows in seen] == [1001, 501, 501]
    steps = [rows[-1, 0] - rows[-2, 0] for rows in (reversion, htf, mtf)]
    assert steps == [TF_MS[timeframe], TF_MS["1d"], TF_MS["4h"]]


@pytest.mark.parametrize("hours", [0, 50, 123])
async def test_a_newcomer_sees_a_trade_and_a_signal_at_any_time_of_week(hours: int) -> None:
    now = NOW + hours * TF_MS["1h"]
    found = await first_week(SimulatedFeed(), WATCHLIST, now, explains=explains, signals=signals)
    assert await shows(SimulatedFeed(shift_ms=found.shift_ms), now) == (True, True)
    for week in range(found.weeks_tried - 1):
        earlier = found.shift_ms + (found.weeks_tried - 1 - week) * WEEK_MS
        assert await shows(SimulatedFeed(shift_ms=earlier), now) != (True, True)

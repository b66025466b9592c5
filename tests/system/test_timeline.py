"""The market that a newcomer meets: what is known of it is what the search finds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.config.settings import DEFAULT_WATCHLIST
from opentrader.domain.analysis.mean_reversion import MrSignal
from opentrader.domain.timeframes import WEEK_MS, Timeframe
from opentrader.feed import SimulatedChoice
from opentrader.feed.simulated import SimulatedFeed
from opentrader.feed.weeks import start_of_week
from opentrader.indicators import mr_signal
from opentrader.system.timeline import first_shift, known_shift

Asked = tuple[SimulatedChoice, tuple[str, ...], Timeframe, int]

MONDAY = start_of_week(1_714_219_200_000)
FOUR_HOURS = 14_400_000


@pytest.mark.parametrize("day", range(7))
def test_what_is_known_is_what_the_search_finds(day: int) -> None:
    for hours in range(6):
        asked: Asked = (SimulatedChoice(), DEFAULT_WATCHLIST, "4h", MONDAY + (6 * day + hours) * FOUR_HOURS + 7_000_000)
        assert known_shift(*asked) == first_shift(*asked)


def test_another_market_is_not_known_and_is_searched() -> None:
    asked: Asked = (SimulatedChoice(7), DEFAULT_WATCHLIST, "4h", MONDAY)
    assert known_shift(*asked) is None
    assert first_shift(*asked) % WEEK_MS == 0


@pytest.mark.parametrize(
    "changes", [{"mr_timeframe": "1h"}, {"mr_history": 500}, {"mr_require_gate": True}, {"watchlist": ("BTC",)}]
)
def test_another_bot_is_not_known_either(changes: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"watchlist": DEFAULT_WATCHLIST, "mr_timeframe": "4h", "mr_history": 1000}
    assert known_shift(SimulatedChoice(), now_ms=MONDAY, **usual) is not None
    assert known_shift(SimulatedChoice(), now_ms=MONDAY, **{**usual, **changes}) is None


def found(at_ms: int, *, history: int, gate: bool) -> list[MrSignal]:
    """What the bot would signal to buy at an instant of the timeline."""
    feed = SimulatedFeed()
    rows = (asyncio.run(feed.candles(f"{s}USDT", "4h", limit=history, now_ms=at_ms)) for s in DEFAULT_WATCHLIST)
    setups = (mr_signal(table, "4h", now_ms=at_ms) for table in rows)
    buys = [setup for setup in setups if isinstance(setup, MrSignal) and setup.direction == "buy"]
    return [setup for setup in buys if setup.gate_ok or not gate]


@pytest.mark.parametrize(("history", "gate"), [(1000, True), (300, False), (700, True)])
def test_the_search_honours_how_the_bot_is_set(history: int, gate: bool) -> None:
    now = MONDAY + 10 * FOUR_HOURS
    shift = first_shift(SimulatedChoice(), DEFAULT_WATCHLIST, "4h", now, history, gate)
    assert found(now - shift, history=history, gate=gate)

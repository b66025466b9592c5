"""MarketAnalyzer: fetched once, computed once, equal to the pure functions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader import indicators
from opentrader.actors.messages import (
    CandlesOf,
    ExplanationOf,
    MarketOf,
    MarketRows,
    MrSignalOf,
    TrendOf,
)
from opentrader.domain.timeframes import Timeframe
from opentrader.errors import ExchangeError, InternalError
from opentrader.indicators import market_context, mr_signal, trend_result

HOUR = 3600


async def rows_of(books: Any, timeframe: str, limit: int) -> Any:
    return await books.feed.candles("BTCUSDT", timeframe, limit=limit, now_ms=books.clock.market_ms())


async def pure_context(books: Any, *, mtf_tf: Timeframe = "4h", htf_tf: Timeframe = "1d", extra: int = 0) -> Any:
    htf, mtf = await rows_of(books, htf_tf, 500 + extra), await rows_of(books, mtf_tf, 500 + extra)
    return market_context(htf, mtf, htf_tf=htf_tf, mtf_tf=mtf_tf, now_ms=books.clock.market_ms(), symbol="BTC")


async def test_answers_equal_the_pure_functions_on_the_same_candles(books):
    now_ms = books.clock.market_ms()
    assert await books.ask(MarketOf("BTCUSDT")) == await pure_context(books)
    four_hours = await books.ask(MarketOf("BTCUSDT", "1h", "1w"))
    assert four_hours == await pure_context(books, mtf_tf="1h", htf_tf="1w")
    trend = await books.ask(TrendOf("BTCUSDT", "1h"))
    assert trend == trend_result(await rows_of(books, "1h", 500), "1h", now_ms=now_ms, symbol="BTC", source="wave")
    setup = await books.ask(MrSignalOf("BTCUSDT"))
    assert setup == mr_signal(await rows_of(books, "4h", 1000), "4h", now_ms=now_ms, symbol="BTCUSDT")


async def test_each_closed_candle_is_taken_in_once_and_nothing_is_fetched_between(books):
    await books.ask(MarketOf("BTCUSDT"))
    await books.ask(MarketOf("BTCUSDT"))
    assert books.feed.calls == [("BTCUSDT", "4h", 500), ("BTCUSDT", "1d", 500)]
    books.clock.now += 4 * HOUR
    later = await books.ask(MarketOf("BTCUSDT"))
    assert books.feed.calls[2:] == [("BTCUSDT", "4h", 2)]
    mtf = await rows_of(books, "4h", 501)
    htf = await rows_of(books, "1d", 500)
    expected = market_context(htf, mtf, htf_tf="1d", mtf_tf="4h", now_ms=books.clock.market_ms(), symbol="BTC")
    assert later == expected


async def test_the_cache_is_served_until_it_is_too_old_or_a_candle_has_closed(books):
    first = await books.ask(MarketOf("BTCUSDT"))
    books.clock.now += HOUR - 1
    assert await books.ask(MarketOf("BTCUSDT")) is first
    (row,) = books.view(MarketRows()).data
    assert (row.age_sec, row.stale) == (HOUR - 1, False)
    books.clock.now += 1
    assert books.view(MarketRows()).data[0].stale
    assert books.view(MarketRows(stale=False)).count == 0
    again = await books.ask(MarketOf("BTCUSDT"))
    assert again.timestamp == first.timestamp + HOUR
    assert len(books.feed.calls) == 2


async def test_many_questions_at_once_fetch_once(books):
    books.feed.gate = asyncio.Event()
    asked = [asyncio.create_task(books.ask(MarketOf("BTCUSDT"))) for _ in range(30)]
    asked.append(asyncio.create_task(books.ask(ExplanationOf("BTCUSDT"))))
    while len(books.feed.calls) < 2:  # noqa: ASYNC110 (the feed tells when it is asked)
        await asyncio.sleep(0)
    books.feed.gate.set()
    answers = await asyncio.gather(*asked)
    assert len({id(answer) for answer in answers[:30]}) == 1
    assert answers[-1].context is answers[0]
    assert len(books.feed.calls) == 2


async def test_a_slow_venue_holds_up_neither_what_is_known_nor_other_markets(books):
    known = await books.ask(MarketOf("BTCUSDT"))
    books.feed.gate = asyncio.Event()
    waiting = asyncio.create_task(books.ask(TrendOf("BTCUSDT", "15m")))
    await asyncio.sleep(0)
    assert await books.ask(MarketOf("BTCUSDT")) is known
    assert books.view(MarketRows()).count == 1
    assert not waiting.done()
    books.feed.gate.set()
    assert (await waiting).timeframe == "15m"


async def test_a_venue_that_fails_is_an_answer_and_recovers(broken_feed):
    for _ in 1, 2:
        with pytest.raises(ExchangeError):
            await broken_feed.ask(MarketOf("BTCUSDT"))
    broken_feed.feed.failing = None
    assert (await broken_feed.ask(MarketOf("BTCUSDT"))).symbol == "BTC"
    assert all(status.restarts == 0 for status in broken_feed.supervisor.status())


async def test_a_feed_with_a_fault_is_named_and_costs_only_its_own_question(books):
    books.feed.failing = ZeroDivisionError("a fault of the adapter")
    with pytest.raises(InternalError):
        await books.ask(MarketOf("BTCUSDT"))
    books.feed.failing = None
    assert (await books.ask(MarketOf("BTCUSDT"))).symbol == "BTC"
    assert books.fatal == []


async def test_an_explanation_names_the_level_that_decided(books):
    told = await books.ask(ExplanationOf("BTCUSDT"))
    blocking = [entry.level for entry in told.levels if entry.verdict == "block"]
    assert [entry.level for entry in told.levels] == [1, 2, 3, 4, 5, 6, 7]
    assert told.decided_by == (blocking[0] if blocking else 7)
    assert told.context.priority_decision == told.priority_decision


async def test_candles_are_the_last_ones_the_running_one_included(books):
    books.clock.now += 60
    served = await books.ask(CandlesOf("BTCUSDT", "1h", 50))
    assert served.count == len(served.candles) == 50
    assert [c.closed for c in served.candles] == [True] * 49 + [False]
    steps = {b.timestamp - a.timestamp for a, b in zip(served.candles, served.candles[1:], strict=False)}
    assert steps == {HOUR}


class Elsewhere:
    """Kernels that are not compiled yet. Computing takes `seconds` of the clock's time."""

    warm = False

    def __init__(self, books: Any, seconds: float = 0) -> None:
        self.books, self.seconds = books, seconds
        self.ran: list[str] = []

    async def run(self, function: str, *args: Any, **named: Any) -> Any:
        self.ran.append(function)
        self.books.clock.now += self.seconds
        return getattr(indicators, function.rpartition(".")[2])(*args, **named)


async def test_cold_kernels_are_run_elsewhere_and_the_answer_is_the_same(books):
    books.kernels = Elsewhere(books)
    assert await books.ask(MarketOf("BTCUSDT")) == await pure_context(books)
    await books.ask(TrendOf("BTCUSDT"))
    await books.ask(MrSignalOf("BTCUSDT"))
    assert books.kernels.ran == [
        f"opentrader.indicators.{name}" for name in ("market_context", "trend_result", "mr_signal")
    ]
    assert books.view(MarketRows()).data[0].stale is False


@pytest.mark.parametrize("minutes", [15, 31, 46])
async def test_what_was_computed_cold_goes_stale_with_the_next_close(books, minutes):
    books.kernels = Elsewhere(books)
    cold = await books.ask(MarketOf("BTCUSDT", "15m"))
    books.kernels.warm = True
    books.clock.now += 14 * 60
    assert await books.ask(MarketOf("BTCUSDT", "15m")) is cold
    books.clock.now += (minutes - 14) * 60
    assert books.view(MarketRows()).data[0].stale
    assert await books.ask(MarketOf("BTCUSDT", "15m")) == await pure_context(books, mtf_tf="15m", htf_tf="1h")


async def test_what_was_computed_cold_is_as_old_as_its_candles(books):
    books.kernels = Elsewhere(books, seconds=20 * 60)
    cold = await books.ask(MarketOf("BTCUSDT", "15m"))
    (row,) = books.view(MarketRows()).data
    assert (row.age_sec, row.stale) == (20 * 60, True)
    assert books.clock.now - cold.timestamp == 20 * 60


@pytest.mark.parametrize("warm", [True, False])
async def test_a_higher_candle_that_arrives_late_is_taken_in_as_soon_as_it_is_there(books, warm):
    books.kernels = Elsewhere(books)
    books.kernels.warm = warm
    books.feed.late = {"4h"}
    early = await books.ask(MarketOf("BTCUSDT", "1h", "4h"))
    assert books.view(MarketRows()).data[0].stale
    books.feed.late = set()
    books.clock.now += 10
    later = await books.ask(MarketOf("BTCUSDT", "1h", "4h"))
    assert later.htf == (await pure_context(books, mtf_tf="1h", htf_tf="4h")).htf != early.htf
    assert not books.view(MarketRows()).data[0].stale


async def test_a_close_between_two_looks_at_the_clock_costs_no_second_fetch(books):
    await books.ask(TrendOf("BTCUSDT", "15m"))
    await books.ask(TrendOf("BTCUSDT", "1h"))
    books.feed.gate, books.feed.revised = asyncio.Event(), 0.5
    books.clock.now += 30 * 60
    first = asyncio.create_task(books.ask(TrendOf("BTCUSDT", "15m")))
    while len(books.feed.calls) < 3:  # noqa: ASYNC110 (the feed tells when it is asked)
        await asyncio.sleep(0)
    now_ms = books.clock.market_ms()
    readings = iter([now_ms - 15 * 60 * 1000 - 1])  # the first look is before the close, all others are after it
    books.clock.market_ms = lambda: next(readings, now_ms)
    second = asyncio.create_task(books.ask(TrendOf("BTCUSDT", "15m")))
    while next(readings, None):  # noqa: ASYNC110 (until the actor has looked)
        await asyncio.sleep(0)
    books.feed.gate.set()
    assert await first == await second
    assert [call[1:] for call in books.feed.calls[2:]] == [("15m", 3), ("15m", 500)]
    assert all(status.restarts == 0 for status in books.supervisor.status())

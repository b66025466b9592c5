"""MarketAnalyzer, Scanner and MR Combined: fetched once, computed once, equal to the pure functions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors.messages import (
    BoardState,
    CandlesOf,
    ExplanationOf,
    MarketOf,
    MarketRows,
    MrSignalOf,
    ReportWork,
    ScanAndSignal,
    ScanMarkets,
    ScanTrends,
    SignalRows,
    TrendOf,
    TrendRows,
)
from opentrader.actors.mr_combined import Rule
from opentrader.domain.timeframes import TF_MS
from opentrader.errors import ExchangeError, InternalError, InvalidInput
from opentrader.indicators import market_context, mr_signal, trend_result

HOUR = 3600


async def rows_of(books: Any, timeframe: str, limit: int) -> Any:
    return await books.feed.candles("BTCUSDT", timeframe, limit=limit, now_ms=books.clock.market_ms())


async def pure_context(books: Any, *, mtf_tf: str = "4h", htf_tf: str = "1d", extra: int = 0) -> Any:
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


async def test_history_that_the_venue_corrects_is_fetched_anew(books):
    await books.ask(MarketOf("BTCUSDT"))
    books.feed.revised = 0.25
    books.clock.now += 4 * HOUR
    corrected = await books.ask(MarketOf("BTCUSDT"))
    assert books.feed.calls[2:] == [("BTCUSDT", "4h", 2), ("BTCUSDT", "4h", 500)]
    assert corrected.mtf == (await pure_context(books)).mtf


async def test_a_long_absence_is_made_up_for_with_the_whole_history(books):
    await books.ask(TrendOf("BTCUSDT", "15m"))
    books.clock.now += 40 * HOUR
    await books.ask(TrendOf("BTCUSDT", "15m"))
    assert [limit for _, _, limit in books.feed.calls] == [500, 500]


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


async def test_a_higher_timeframe_must_not_be_the_shorter_one(books):
    with pytest.raises(InvalidInput) as refused:
        await books.ask(MarketOf("BTCUSDT", "4h", "1h"))
    assert refused.value.faults[0].loc == ("query", "htf_tf")
    assert books.feed.calls == []


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


async def test_a_scan_shows_every_symbol_and_names_the_one_that_failed(books):
    scan = await books.ask(ScanMarkets("4h", agent="tech"))
    assert [context.symbol for context in scan.results] == ["BTC", "ETH", "SOL"]
    assert (scan.scanned, scan.cached, scan.failed) == (3, 3, ())
    assert sum(getattr(scan.summary, name) for name in scan.summary.__slots__) == 3
    await books.ask(ReportWork("ops", "idle", "the board has handled what came before"))
    assert books.view(BoardState()).agents["tech"].action == "Market scan 4h done"
    books.clock.now += 4 * HOUR
    books.feed.failing = ExchangeError("no")
    failed = await books.ask(ScanMarkets("4h"))
    assert (failed.scanned, failed.cached, failed.results) == (3, 0, ())
    assert {(f.symbol, f.code) for f in failed.failed} == {(s, "exchange_error") for s in ("BTC", "ETH", "SOL")}


async def test_a_trend_scan_is_in_the_book_when_it_answers(books):
    scan = await books.ask(ScanTrends("1d"))
    assert scan.scanned == scan.cached == 3 == sum(getattr(scan.summary, n) for n in scan.summary.__slots__)
    assert {row.regime for row in scan.results} <= {
        "trend", "compression", "sideway", "volatile_chop", "transition", "unknown",
    }  # fmt: skip
    assert books.view(TrendRows("1d")).count == 3


async def test_cold_kernels_are_run_elsewhere_and_the_answer_is_the_same(books):
    from opentrader import indicators

    class Elsewhere:
        warm = False

        def __init__(self) -> None:
            self.ran: list[str] = []

        async def run(self, function: str, *args: Any, **named: Any) -> Any:
            self.ran.append(function)
            return getattr(indicators, function.rpartition(".")[2])(*args, **named)

    books.kernels = Elsewhere()
    assert await books.ask(MarketOf("BTCUSDT")) == await pure_context(books)
    await books.ask(TrendOf("BTCUSDT"))
    await books.ask(MrSignalOf("BTCUSDT"))
    assert books.kernels.ran == [
        f"opentrader.indicators.{name}" for name in ("market_context", "trend_result", "mr_signal")
    ]
    assert books.view(MarketRows()).data[0].stale is False


async def find_setup(books: Any) -> str:
    """Move the clock to a candle with an accepted setup on the wave; its direction."""
    for _ in range(400):
        found = await books.ask(MrSignalOf("BTCUSDT"))
        if found.reason == "":
            return found.direction
        books.clock.now += TF_MS["4h"] / 1000
    raise AssertionError("the wave has no setup")


async def test_scan_and_signal_emits_what_it_finds_and_says_why_not(books):
    direction = await find_setup(books)
    if direction == "sell":
        books.positions.pairs.update({"BTCUSDT", "ETHUSDT", "SOLUSDT"})
    scan = await books.ask(ScanAndSignal(["BTC", "eth/usdt", "NOSUCH", "BTCUSDT"]))
    assert [(s.symbol, s.direction, s.status) for s in scan.signaled] == [
        ("BTCUSDT", direction, "telegram_failed"), ("ETHUSDT", direction, "telegram_failed"),
    ]  # fmt: skip
    assert [(s.symbol, s.reason) for s in scan.skipped] == [("NOSUCHUSDT", "symbol_not_found")]
    assert scan.scanned == 3
    again = await books.ask(ScanAndSignal(["BTC", "ETH"]))
    assert [s.reason for s in again.skipped] == ["cooldown", "cooldown"]
    kept = books.view(SignalRows()).signals[0]
    assert (kept.bot, kept.total, kept.status) == ("mr_combined", 7, "pending")
    assert kept.sl_pct > 0 < kept.tp_pct


async def test_the_days_limit_comes_before_any_fetch(books):
    books.positions.today = 3
    scan = await books.ask(ScanAndSignal())
    assert (scan.reason, scan.signaled, scan.skipped) == ("daily_limit_reached", (), ())
    assert books.feed.calls == []


async def test_a_gate_that_must_pass_is_a_reason(books):
    books.rule = Rule(require_gate=True)
    await books.restart()
    await find_setup(books)
    scan = await books.ask(ScanAndSignal(["BTC"]))
    assert [s.reason for s in scan.skipped] == ["gate"]


async def test_a_venue_that_fails_is_a_skipped_row(broken_feed):
    scan = await broken_feed.ask(ScanAndSignal())
    assert {s.reason for s in scan.skipped} == {"fetch_error"}

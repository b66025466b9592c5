"""What one actor suffers is not felt by the others. Shown by the order of events, never by a clock."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from opentrader.actors.messages import (
    BoardState,
    CandlesOf,
    ConfirmSignal,
    HealthOf,
    LicenseOf,
    MarketOf,
    MarketRows,
    MrSignalOf,
    PostSignal,
    RegisterLicense,
    ScanMarkets,
    ScanTrends,
    SignalOf,
    SignalRows,
    StoreTrend,
    TrendOf,
    TrendRows,
    UpdateAgent,
)
from opentrader.domain.analysis import reading
from opentrader.errors import ExchangeError, InternalError, NotReady
from tests.fakes.positions import HeldPairs
from tests.waiting import until


class Held(HeldPairs):
    """A position book whose answer waits until a test lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = threading.Event(), threading.Event()

    def held(self, pair: str) -> bool:
        self.asked.set()
        assert self.go_on.wait(60)
        return False


class Broken(HeldPairs):
    """A position book with a fault, for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = ZeroDivisionError("a fault of the port")

    def held(self, pair: str) -> bool:
        if self.error is not None:
            raise self.error
        return False


def signal(symbol: str = "SOLUSDT") -> PostSignal:
    return PostSignal(symbol=symbol, direction="buy", bot="mr")


async def test_while_one_handler_is_held_reads_and_asks_of_all_others_complete(books):
    await books.ask(signal("BTCUSDT"))
    books.positions = held = Held()
    await books.restart()
    waiting = asyncio.create_task(books.ask(signal()))
    await asyncio.to_thread(held.asked.wait, 60)
    try:
        await books.ask(RegisterLicense("me@example.com", "Me"))
        await books.ask(UpdateAgent("coo", "running"))
        await books.ask(StoreTrend("ZZZUSDT", "sideway"))
        await books.ask(MarketOf("BTCUSDT"))
        await books.ask(ScanMarkets())
        await books.ask(ScanTrends())
        for query in (HealthOf(), LicenseOf(), BoardState(), TrendRows(), MarketRows(), SignalRows()):
            books.view(query)
        assert books.view(SignalOf("BTCUSDT")).status == "pending"
        assert not waiting.done()
    finally:
        held.go_on.set()
    assert (await waiting).status == "telegram_failed"


@pytest.mark.parametrize("error", [ZeroDivisionError("boom"), SystemExit(3), KeyboardInterrupt()])
async def test_an_actor_killed_by_a_fault_comes_back_from_the_store_and_loses_nothing(books, error):
    await books.ask(signal("BTCUSDT"))
    before = books.view(SignalRows())
    books.positions = broken = Broken()
    await books.restart()
    broken.error = error
    with pytest.raises(InternalError):
        await books.ask(signal())
    assert books.view(SignalRows()) == before  # the last snapshot stands while the next life begins
    broken.error = None
    assert (await books.ask(signal())).status == "telegram_failed"
    assert (await books.ask(ConfirmSignal("BTCUSDT"))).status == "consumed"
    (status,) = [s for s in books.supervisor.status() if s.name == "signal_book"]
    assert (status.alive, status.restarts) == (True, 1)
    assert books.fatal == []


async def test_k12_an_actor_that_dies_again_and_again_answers_503_and_the_others_go_on(books):
    books.positions = Broken()
    await books.restart()
    for _ in range(3):
        with pytest.raises(InternalError):
            await books.ask(signal())
    await until(lambda: any(status.pausing for status in books.supervisor.status()))
    with pytest.raises(NotReady, match="signal_book keeps crashing"):
        await books.ask(signal())
    assert (await books.ask(MarketOf("BTCUSDT"))).symbol == "BTC"
    assert books.fatal == []


GARBLED = {
    "five columns": lambda rows: rows[:, :5],
    "no table": lambda rows: None,
    "a message": lambda rows: {"code": -1121, "msg": "Invalid symbol."},
    "text": lambda rows: np.array([["x"] * 6]),
    "NaN": lambda rows: np.where(rows == rows[-3, 4], np.nan, rows),
    "backwards": lambda rows: rows[::-1],
    "seconds": lambda rows: np.hstack((rows[:, :1] / 1000, rows[:, 1:])),
}


async def malformed_for_three_analyzers(books, garble):
    """Each of three pairs asks every kind of question of a feed whose answers are no candles."""
    sent = books.feed.candles

    async def candles(*given, **named):
        return garble(await sent(*given, **named))

    books.feed.candles = candles
    for pair in ("BTCUSDT", "ETHUSDT", "SOLUSDT"):
        for question in (MarketOf(pair), TrendOf(pair, "1h"), MrSignalOf(pair), CandlesOf(pair, "1h", 10)):
            with pytest.raises(ExchangeError, match=f"the feed sent bad candles of {pair}"):
                await books.ask(question)
    del books.feed.candles


@pytest.mark.parametrize("garble", GARBLED.values(), ids=GARBLED)
async def test_k12_bad_candles_are_an_answer_for_their_pair_and_no_death(books, garble):
    await malformed_for_three_analyzers(books, garble)
    assert books.fatal == []
    assert [status.name for status in books.supervisor.status() if status.restarts] == []
    assert (await books.ask(MarketOf("BTCUSDT"))).symbol == "BTC"


async def test_k12_it_is_found_if_the_port_lets_bad_candles_in(books, monkeypatch):
    monkeypatch.setattr(reading, "sound", lambda rows, what, **named: rows)
    with pytest.raises(InternalError):
        await malformed_for_three_analyzers(books, GARBLED["five columns"])

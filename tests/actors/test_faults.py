"""What one actor suffers is not felt by the others. Shown by the order of events, never by a clock."""

from __future__ import annotations

import asyncio
import threading

import pytest

from opentrader.actors.messages import (
    BoardState,
    ConfirmSignal,
    HealthOf,
    LicenseOf,
    MarketOf,
    MarketRows,
    PostSignal,
    RegisterLicense,
    ScanMarkets,
    ScanTrends,
    SignalOf,
    SignalRows,
    StoreTrend,
    TrendRows,
    UpdateAgent,
)
from opentrader.errors import InternalError
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


async def test_an_actor_that_dies_again_and_again_ends_the_daemon(books):
    books.positions = Broken()
    await books.restart()
    for _ in range(3):
        with pytest.raises(InternalError):
            await books.ask(signal())
    await until(lambda: books.fatal)
    assert "signal_book" in books.fatal[0]

"""Faults 37, 54, 56: a handler that raises, one symbol of many that cannot be closed, twenty looks at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.limits import Limits
from opentrader.actors.runtime.part import Part
from opentrader.actors.trading.closed.booking import Booking
from opentrader.actors.trading.commands.closing import Closing
from opentrader.actors.trading.control import ControlDesk
from opentrader.actors.trading.entry.entries import Entries
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.pending import PendingCancels
from opentrader.actors.trading.position_manager import PositionManager
from opentrader.actors.trading.reading.account import AccountReader, ReadAccount
from opentrader.actors.trading.reading.prices import PriceWatch
from opentrader.actors.trading.recovery.history_import import HistoryImport
from opentrader.actors.trading.recovery.reconciliation import Reconcile, Reconciliation
from opentrader.actors.trading.recovery.restore import Restore
from opentrader.actors.trading.steps import CheckEntries
from opentrader.actors.trading.trailing import TrailingStops
from opentrader.actors.trading.waiters import Waiters
from opentrader.domain.trading.exchange import NewOrder
from opentrader.domain.trading.risk import Risk
from opentrader.domain.trading.venue import Outcome
from opentrader.errors import OpentraderError
from opentrader.exchange.refusals import outcome_of
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, limit
from tests.waiting import PATIENCE_SECONDS

OWNERS: tuple[type[Actor] | type[Part], ...] = (
    PositionManager,
    AccountReader,
    Booking,
    Closing,
    ControlDesk,
    Entries,
    HistoryImport,
    LifecycleLoop,
    PendingCancels,
    PriceWatch,
    Reconciliation,
    Restore,
    TrailingStops,
    Waiters,
)
HANDLERS = {kind: (owner, handle) for owner in OWNERS for kind, handle in owner.handlers.items()}
SURE = {  # what one round of work comes to in any case
    "Looked",
    "VenueRead",
    "Committed",
    "EffectAnswered",
    "FillsRead",
    "TradeBooked",
    "PricesRead",
    "PlanEntry",
    "Planned",
    "Entered",
}
FIVE = ("SOL", "AAA", "BBB", "CCC", "DDD")


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    running = Market(tmp_path)
    running.feed.coins = list(FIVE)
    running.risk = Risk(max_trades_day=10)
    await running.start()
    await running.go(100.0)
    yield running
    await running.stop()


async def test_closeall_closes_four_though_the_fifth_is_refused(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    for coin in FIVE:
        assert (await market.ask(buy(symbol=f"{coin}USDT"))).status == "opened"
    place = market.venue.place

    async def closed_market(order: NewOrder) -> Outcome:
        if order.symbol == "BBBUSDT" and order.side == "sell" and order.type == "MARKET":
            return outcome_of(-1013, "Market is closed.")
        return await place(order)

    monkeypatch.setattr("opentrader.actors.trading.commands.marking.CLOSE_SECONDS", 3.0)
    with monkeypatch.context() as closed:
        closed.setattr(market.venue, "place", closed_market)
        told = await market.ask(messages.CloseAll())
    assert (told.ok, told.count, [row.symbol for row in told.failed]) == (False, 4, ["BBBUSDT"])
    assert market.snapshot.control.closeall_since is None
    assert {trade.intent.symbol for trade in market.snapshot.open_trades()} == {"BBBUSDT"}
    for _ in range(200):  # the wish stays
        market.clock.now_ms += 1000
        await market.ask(messages.UpdateTrailing())
        if not market.snapshot.open_trades():
            break
        await asyncio.sleep(0.3)
    assert not market.snapshot.open_trades()
    assert await market.venue.open_everywhere() == {}


async def test_twenty_checks_at_once_while_an_entry_fills_protect_it_once(market: Market) -> None:
    await market.ask(limit(98.0))
    market.feed.future += [97.9, 97.9]
    market.clock.now_ms += 120_000
    answers = await asyncio.gather(*(market.ask(messages.CheckPending()) for _ in range(20)))
    assert sum(len(answer.filled) for answer in answers) >= 1
    await market.until(lambda snapshot: [trade.label for trade in snapshot.trades] == ["PROTECTED"])
    orders = await market.venue.orders(PAIR, 0)
    assert [order.side for order in orders].count("buy") == 1
    assert len({order.list_id for order in orders if order.list_id}) == 1


def work() -> Iterator[Any]:
    """Something of everything, so that every handler has its turn."""
    yield from (
        ReadAccount(),
        messages.UpdateTrailing(),
        CheckEntries(PAIR),
        Reconcile(),
        messages.RecoverTrades(),
        messages.SyncTrades(),
    )
    yield from (
        buy(symbol="AAAUSDT"),
        limit(91.0, symbol="BBBUSDT"),
        messages.Halt(),
        messages.Resume(),
        messages.ResetDaily(),
    )
    yield messages.ClosePosition("AAAUSDT")
    yield messages.RestoreTrade("CCCUSDT", "buy", 1.0, 100.0, 90.0, 120.0)
    yield from (messages.ClosePosition("CCCUSDT"), buy(symbol="AAAUSDT", direction="sell"))


async def worked(market: Market, fired: list[Any]) -> None:
    """One round of work, or as much of it as it takes for the fault."""
    for message in work():
        if fired:
            return
        with suppress(OpentraderError):
            await market.ask(message, timeout=2)


@pytest.mark.timeout(400)  # some fifty lives of the actor
async def test_whatever_handler_raises_the_trades_are_the_same_afterwards(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The actor dies of it and is started anew from the journal; what protects rests at the venue all the while."""
    market.limits = Limits(deaths=1000)
    await market.stop()
    await market.start()
    opened = (await market.ask(buy())).trade
    orders = sorted(order.cid for order in await market.venue.open_orders(PAIR))
    raised, passing = set(), asyncio.create_task(time_passes(market))
    for kind, (owner, handle) in HANDLERS.items():
        fired: list[Any] = []

        def fails(actor: Any, message: Any, fired: list[Any] = fired, handle: Any = handle) -> Any:
            if not fired:
                fired.append(message)
                raise RuntimeError("a fault of our own")
            return handle(actor, message)

        with monkeypatch.context() as broken:
            broken.setattr(owner, "handlers", {**owner.handlers, kind: fails})
            async with asyncio.timeout(PATIENCE_SECONDS):
                await worked(market, fired)
                while kind.__name__ in SURE and not fired:  # a round may be refused for what the one before left
                    await worked(market, fired)
        raised |= {kind.__name__} if fired else set()
        await alive(market)
        assert [trade.intent.id for trade in market.snapshot.open_trades(PAIR)] == [opened.id], kind
        assert sorted(order.cid for order in await market.venue.open_orders(PAIR)) == orders, kind
    passing.cancel()
    assert raised >= SURE
    assert len(raised) >= 30, sorted(raised)


async def time_passes(market: Market) -> None:
    while True:
        await asyncio.sleep(0.02)
        market.clock.now_ms += 1000


async def alive(market: Market) -> None:
    """The actor is back, and all is reconciled."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(OpentraderError):
                if market.snapshot.reconciled:
                    await market.look()
                    return
            await asyncio.sleep(0.01)

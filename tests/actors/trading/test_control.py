"""Halt and resume as changes of the control: each keeps what it is not about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done
from opentrader.actors.trading.control import (
    ControlDesk,
    ControlStored,
    SetControl,
    changed_control,
    demand_market,
    halted_by,
    resumed,
)
from opentrader.domain.time_limits import CLOSE_SECONDS
from opentrader.domain.trading.exchange import Exchange, NewOrder
from opentrader.domain.trading.ledger import Control, SymbolHalt
from opentrader.domain.trading.lifecycle.ids import exit_id
from opentrader.domain.trading.venue import Filters
from opentrader.errors import ExchangeError, StorageFull, SymbolNotFound, TradingHalted
from opentrader.store.tables.control import ControlTable
from opentrader.store.tables.journal import JournalTable
from tests.fakes.clock import NOW, StillClock
from tests.fakes.desk import desk
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, last_closed
from tests.waiting import until

R = TypeVar("R")


class Desk:
    """Applies each change, as the owner of the control does."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.waited: list[float] = []

    async def ask(self, message: Message[R], *, timeout: float) -> R:
        assert isinstance(message, SetControl)
        self.waited.append(timeout)
        self.control = message.change(self.control)
        return cast(Any, self.control)


async def test_a_halt_says_why_and_since_when_and_leaves_a_closeall_alone() -> None:
    desk = Desk(Control(closeall_since=7))
    await halted_by(desk.ask, StillClock(), "a second daemon")
    assert desk.control == Control(halted=True, reason="a second daemon", since=int(NOW), closeall_since=7)
    assert desk.waited == [CLOSE_SECONDS]


async def test_a_resume_ends_the_halt_and_not_the_closeall() -> None:
    desk = Desk(Control(halted=True, reason="lunch", since=5, closeall_since=7))
    told = await resumed(desk.ask)
    assert desk.control == Control(closeall_since=7)
    assert (told.halted, told.reason, told.since, told.cancelled_entries) == (False, "", None, ())


async def test_the_answer_is_the_control_as_it_was_stored() -> None:
    desk = Desk(Control(reason="before"))
    assert await changed_control(desk.ask, lambda control: control) == Control(reason="before")


@pytest.mark.parametrize(
    ("before", "after", "epochs"),
    [
        (Control(), Control(halted=True), 1),
        (Control(halted=True), Control(halted=True, reason="again"), 0),
        (Control(halted=True), Control(), 0),
        (Control(), Control(closeall_since=7), 1),
        (Control(closeall_since=7), Control(closeall_since=7, halted=True), 1),
        (Control(closeall_since=7), Control(), 0),
    ],
)
def test_what_bars_entries_begins_an_epoch(before: Control, after: Control, epochs: int) -> None:
    part = ControlDesk(desk(), cooldown_sec=0)
    part.control = before
    assert part.control_stored(ControlStored(after, Done(None))) == after
    assert (part.control, part.epoch) == (after, epochs)


async def test_a_second_halt_without_a_reason_keeps_the_first(market: Market) -> None:
    first = await market.ask(messages.Halt(reason="the venue is odd"))
    market.clock.now_ms += 5_000
    again = await market.ask(messages.Halt())
    assert (again.reason, again.since) == (first.reason, first.since) == ("the venue is odd", first.since)


async def orphaned(market: Market, sold: str) -> str:
    """As below; the order is known. Returns the id of the trade."""
    key = await left_behind(market, sold)
    await market.until(lambda snapshot: snapshot.reconciled)
    return key


async def left_behind(market: Market, sold: str) -> str:
    """A trade that has ended, and an order of it that sells the user's coins while no daemon runs."""
    opened = await market.ask(buy())
    key = opened.trade.id
    closing = asyncio.create_task(market.ask(messages.ClosePosition(PAIR)))
    await market.until(lambda snapshot: closing.done())
    (trade,) = market.snapshot.trades
    market.clock.now_ms += 60_000
    await market.until(lambda snapshot: not snapshot.trades)
    now, cid = market.clock.now_ms, exit_id(trade.intent, "C", 7)
    await market.venue.place(NewOrder(cid, PAIR, "sell", "MARKET", Decimal(sold), now))
    await market.stop()
    market.clock.now_ms += 1_000
    await market.start()
    return str(key)


@pytest.fixture
async def rich(tmp_path: Path) -> AsyncIterator[Market]:
    """A market in which the user has coins of his own."""
    running = Market(tmp_path)
    running.balance |= {"SOL": Decimal(100)}
    running.feed.coins = ["SOL", "AAA"]
    await running.start()
    await running.go(100.0)
    yield running
    await running.stop()


async def test_k16_a_sale_of_an_ended_trade_is_booked_halts_its_symbol_and_pages(rich: Market) -> None:
    key = await orphaned(rich, "5")
    (halt,) = rich.snapshot.halts.values()
    assert halt.symbol == PAIR
    assert "more than it held" in halt.reason
    await until(lambda: "symbol_halted" in rich.pages)
    with pytest.raises(TradingHalted, match="SOLUSDT are halted") as refused:
        await rich.ask(buy())
    assert refused.value.hint.startswith("the operator can")
    assert (await rich.ask(buy(symbol="AAAUSDT"))).status == "opened"
    while (row := await last_closed(rich)).left_over > 0:  # it is booked again, with what the sale has brought
        rich.clock.now_ms += 1_000
        await rich.look()
    assert (row.id, round(row.left_over), row.fees_known) == (key, -5, True)


async def test_k16_only_the_operator_ends_the_halt_of_a_symbol(rich: Market) -> None:
    await orphaned(rich, "5")
    await rich.ask(messages.Resume())
    assert PAIR in rich.snapshot.halts
    await rich.stop()
    await rich.start()
    await rich.until(lambda snapshot: snapshot.reconciled)
    assert PAIR in rich.snapshot.halts
    await rich.ask(messages.Halt())
    told = await rich.ask(messages.Resume(symbol=PAIR))
    assert (told.halted, rich.snapshot.halts, rich.snapshot.control.halted) == (True, {}, True)
    await rich.ask(messages.Resume())
    assert (await rich.ask(messages.Resume(symbol=PAIR))).halted is False  # it is no error that nothing was halted
    assert (await rich.ask(buy())).status == "opened"
    await until(lambda: "symbol_halted" not in rich.pages)


async def test_a_symbol_that_does_not_exist_cannot_be_resumed(rich: Market) -> None:
    with pytest.raises(
        SymbolNotFound, match="NOPEUSDT is not halted, and the paper exchange does not trade"
    ) as refused:
        await rich.ask(messages.Resume(symbol="NOPEUSDT"))
    assert refused.value.hint == "symbols that are halted now: none"
    await orphaned(rich, "5")
    with pytest.raises(SymbolNotFound) as refused:
        await rich.ask(messages.Resume(symbol="NOPEUSDT"))
    assert refused.value.hint == f"symbols that are halted now: {PAIR}"
    assert PAIR in rich.snapshot.halts


async def test_a_halted_symbol_that_is_not_listed_any_more_can_be_resumed(rich: Market) -> None:
    await orphaned(rich, "5")
    await rich.stop()
    rich.feed.coins = ["AAA"]
    await rich.start()
    await rich.ask(messages.Resume(symbol=PAIR))
    assert rich.snapshot.halts == {}


async def test_an_exchange_that_does_not_answer_does_not_tell_that_there_is_no_such_symbol() -> None:
    class Silent:
        async def filters(self, symbol: str) -> Filters:
            raise ExchangeError("the exchange does not answer")

    await demand_market(cast(Exchange, Silent()), PAIR, ())


async def test_k16_the_fact_and_the_halt_are_one_commit(
    rich: Market, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(table: ControlTable, halt: SymbolHalt) -> Any:
        def change(connection: Any) -> None:
            raise StorageFull("no room for the halt")

        return change

    monkeypatch.setattr(ControlTable, "halting", failing)
    key = await left_behind(rich, "5")
    await until(lambda: "reconciliation failed, retrying: no room for the halt" in caplog.text)
    trade = JournalTable(rich.store).trade(key)
    assert trade is not None
    assert [leg.gen for leg in trade.closes] == [1]
    assert rich.snapshot.halts == {}

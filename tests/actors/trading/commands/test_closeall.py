"""What a closeall is about, and that it is carried through: lost entries, waiting ones, restarts."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Literal

import pytest
from apsw import Connection

from opentrader.actors import messages
from opentrader.actors.trading.commands import closeall, marking
from opentrader.actors.trading.recovery.repeats import OutcomeOf
from opentrader.domain.trading.ledger import Command, Control
from opentrader.errors import ExchangeError, StorageFull, TradingHalted
from opentrader.exchange.paper.transport import InjectedFault
from opentrader.store.sqlite import writer
from opentrader.store.tables.commands import CommandTable
from opentrader.store.tables.control import ControlTable
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, last_closed, limit
from tests.fakes.trouble import coins, rules_failing, seen, trouble


async def test_closeall_reaches_an_entry_whose_answer_was_lost(market: Market) -> None:
    trouble(market, InjectedFault("applied-no-reply", on="place"), InjectedFault("maintenance", on="order", times=6))
    placing = asyncio.create_task(market.ask(limit(101.0)))
    await market.until(lambda snapshot: any(leg.in_flight for trade in snapshot.trades for leg in trade.legs))
    assert await coins(market) > 0
    closing = asyncio.create_task(market.ask(messages.CloseAll()))
    await market.until(lambda snapshot: closing.done() and placing.done())
    told = await closing
    await asyncio.gather(placing, return_exceptions=True)
    assert (told.ok, told.count) == (True, 1)
    assert await coins(market) < 0.01
    assert await market.venue.open_orders(PAIR) == ()


async def test_a_closeall_goes_on_after_a_restart(market: Market) -> None:
    await market.ask(buy())
    market.venue.transport.gate.clear()
    closing = asyncio.create_task(market.ask(messages.CloseAll()))
    await seen(
        market, lambda snapshot: snapshot.control.closeall_since is not None and snapshot.trades[0].close_reason != ""
    )
    closing.cancel()
    await market.stop()
    await market.start()
    with pytest.raises(TradingHalted, match="closeall"):
        await market.ask(buy())
    await market.until(lambda snapshot: snapshot.control.closeall_since is None)
    assert market.snapshot.open_trades() == []
    assert await coins(market) < 0.01
    assert (await market.ask(buy())).status == "opened"


async def test_a_closeall_of_which_nothing_succeeds_is_an_error(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.ask(buy())
    monkeypatch.setattr(marking, "CLOSE_SECONDS", 0.5)
    market.venue.transport.gate.clear()
    with pytest.raises(ExchangeError, match="none of 1 symbols") as told:
        await market.ask(messages.CloseAll())
    failed: Any = told.value.facts["failed"]
    assert failed[0]["code"] == "timeout"
    market.venue.transport.gate.set()
    await market.until(lambda snapshot: not snapshot.open_trades() and snapshot.control.closeall_since is None)


@pytest.mark.parametrize("commit_seconds", [0.0, 0.1])
async def test_the_gate_stays_until_the_last_closeall_has_ended(
    commit_seconds: float, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow disk too, on which no order may become late by the clock of the test."""
    attempt = writer.commit

    def slow(connection: Connection, group: list[writer.Write]) -> BaseException | None:
        time.sleep(commit_seconds)
        return attempt(connection, group)

    monkeypatch.setattr(writer, "commit", slow)
    await market.ask(buy())
    market.venue.transport.gate.clear()
    first, second = (asyncio.create_task(market.ask(messages.CloseAll())) for _ in range(2))
    await seen(market, lambda snapshot: snapshot.control.closeall_since is not None)
    assert not first.done()
    market.venue.transport.gate.set()
    await market.until(lambda snapshot: first.done() and second.done() and snapshot.control.closeall_since is None)
    assert max((await first).count, (await second).count) == 1  # the later one may find nothing left


async def test_a_closeall_that_goes_on_is_about_its_own_trades(market: Market) -> None:
    """It was journaled, and the process died before it had marked any of them."""
    opened = (await market.ask(buy())).trade.id
    begun = Command("C1", "closeall", "", "ops", "", (opened, "other"), market.clock.market_ms())
    control = Control(closeall_since=begun.at_ms // 1000)
    await ControlTable(market.store).keep(control, also=[CommandTable(market.store).journaling(begun)])
    await market.ask(limit(95.0))
    await market.stop()
    await market.start()
    await market.until(lambda snapshot: snapshot.reconciled and snapshot.control.closeall_since is None)
    assert (await last_closed(market)).id == opened
    assert len(market.snapshot.pending()) == 1


async def test_a_closeall_that_an_older_version_began_goes_on_with_all_that_is_open(market: Market) -> None:
    opened = (await market.ask(buy())).trade.id
    await ControlTable(market.store).keep(Control(closeall_since=market.clock.market_ms() // 1000))
    await market.stop()
    await market.start()
    await market.until(lambda snapshot: snapshot.reconciled and not snapshot.open_trades())
    await market.until(lambda snapshot: snapshot.control.closeall_since is None)
    assert (await last_closed(market)).id == opened


# --- waiting entries


async def placed(market: Market, px: float, coin: str = "SOL") -> str:
    return str((await market.ask(limit(px, symbol=f"{coin}USDT"))).entry.id)


async def test_it_takes_waiting_entries_back_if_that_is_asked_for(market: Market) -> None:
    opened = (await market.ask(buy())).trade.id
    waiting = {await placed(market, px) for px in (95.0, 94.0)}
    told = await market.ask(messages.CloseAll(cancel_pending=True))
    assert (told.ok, [row.id for row in told.closed], told.count) == (True, [opened], 1)
    assert {(entry.id, entry.status) for entry in told.cancelled_entries} == {(key, "cancelled") for key in waiting}
    assert await market.venue.open_orders(PAIR) == ()
    command = CommandTable(market.store).command(told.intent_id)
    assert command is not None
    assert (command.kind, set(command.trades)) == ("closeall_pending", {opened, *waiting})
    await market.go(90.0)
    assert market.snapshot.open_trades() == market.snapshot.pending() == []


async def test_a_waiting_entry_alone_is_enough(market: Market) -> None:
    waiting = await placed(market, 95.0)
    told = await market.ask(messages.CloseAll(cancel_pending=True))
    assert (told.ok, told.count, [entry.id for entry in told.cancelled_entries]) == (True, 0, [waiting])


async def test_what_it_takes_back_is_sold_if_it_was_filled_meanwhile(market: Market) -> None:
    waiting = await placed(market, 95.0)
    market.venue.transport.gate.clear()
    closing = asyncio.create_task(market.ask(messages.CloseAll(cancel_pending=True)))
    await seen(market, lambda snapshot: all(trade.close_reason for trade in snapshot.trades))
    market.feed.future.append(94.0)
    market.clock.now_ms += 60_000
    market.venue.transport.gate.set()
    await market.until(lambda snapshot: closing.done())
    told = await closing
    assert (told.ok, [(row.id, row.exit_reason) for row in told.closed]) == (True, [(waiting, "closeall")])
    assert told.cancelled_entries == ()
    assert await coins(market) < 0.01


async def restarted_with(market: Market, kind: Literal["closeall", "closeall_pending"], key: str) -> None:
    """A closeall about one trade was journaled, and the process died; the next one has done with it."""
    begun = Command("C1", kind, "", "ops", "", (key,), market.clock.market_ms())
    control = Control(closeall_since=begun.at_ms // 1000)
    await ControlTable(market.store).keep(control, also=[CommandTable(market.store).journaling(begun)])
    await market.stop()
    await market.start()
    await market.until(lambda snapshot: snapshot.reconciled and snapshot.control.closeall_since is None)


async def test_it_goes_on_with_the_waiting_entries_after_a_restart(market: Market) -> None:
    """It was journaled, and the process died before it had marked any of them."""
    waiting = await placed(market, 95.0)
    await restarted_with(market, "closeall_pending", waiting)
    assert market.snapshot.pending() == []
    assert await market.venue.open_orders(PAIR) == ()


async def test_an_entry_in_flight_that_comes_to_rest_is_taken_back(market: Market) -> None:
    """It was waited for as if it had been, with entries barred for 280 s."""
    place, sent, go = market.venue.place, asyncio.Event(), asyncio.Event()

    async def slow(order: Any) -> Any:
        sent.set()
        await go.wait()
        return await place(order)

    with pytest.MonkeyPatch.context() as far:
        far.setattr(market.venue, "place", slow)
        placing = asyncio.create_task(market.ask(limit(95.0)))
        await sent.wait()
        closing = asyncio.create_task(market.ask(messages.CloseAll()))
        await seen(market, lambda snapshot: snapshot.control.closeall_since is not None)
        go.set()
        key = (await placing).entry.id
        told = await closing
    assert (told.ok, [entry.id for entry in told.cancelled_entries]) == (True, [key])
    assert market.snapshot.pending() == []


async def test_it_does_not_list_an_entry_that_was_taken_back_otherwise(market: Market) -> None:
    waiting = await placed(market, 95.0)
    begun = Command("C1", "closeall_pending", "", "ops", "", (waiting,), market.clock.market_ms())
    await ControlTable(market.store).keep(Control(), also=[CommandTable(market.store).journaling(begun)])
    await market.ask(messages.CancelEntry(waiting))
    assert (await market.ask(OutcomeOf("C1"))).cancelled_entries == ()


# --- what is stored, and goes on by itself


def full_disk(patched: pytest.MonkeyPatch) -> None:
    """No close can be stored anymore."""

    def full(connection: Connection) -> None:
        raise StorageFull("the disk is full")

    patched.setattr(marking.Marking, "saving", lambda self, marked: [full])


async def close_begun(market: Market, request: Any) -> tuple[asyncio.Task[Any], str]:
    """A request to close what was just bought, at an exchange that does not answer; and the trade, which is marked."""
    key = (await market.ask(buy())).trade.id
    market.venue.transport.gate.clear()
    asking = asyncio.create_task(market.ask(request))
    await seen(market, lambda snapshot: snapshot.trades[0].close_reason != "")
    return asking, key


async def in_quarantine(market: Market) -> None:
    """Its rules fail on the trade that is being closed."""
    with rules_failing():
        market.venue.transport.gate.set()
        await market.until(lambda snapshot: snapshot.trades[0].label == "QUARANTINE")


async def closed_in_vain(market: Market) -> str:
    """A trade that went into quarantine while it was being closed."""
    asking, key = await close_begun(market, messages.ClosePosition(PAIR))
    await in_quarantine(market)
    asking.cancel()
    return key


async def test_a_close_that_could_not_be_stored_is_not_told_as_queued(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.ask(buy())
    full_disk(monkeypatch)
    with pytest.raises(ExchangeError, match="none of 1 symbols") as told:
        await market.ask(messages.CloseAll())
    assert told.value.hint == closeall.NOT_QUEUED
    assert [trade.close_reason for trade in market.snapshot.open_trades()] == [""]


async def test_a_restored_trade_whose_close_could_not_be_stored_is_not_told_as_queued(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.ask(messages.RestoreTrade(PAIR, "buy", 1.0, 100.0, 98.0, 104.0))
    full_disk(monkeypatch)
    with pytest.raises(ExchangeError, match="none of 1 symbols") as told:
        await market.ask(messages.CloseAll())
    assert told.value.hint == closeall.NOT_QUEUED
    assert [trade.symbol for trade in market.snapshot.restored] == [PAIR]


async def test_an_earlier_close_that_ended_in_quarantine_is_not_told_as_queued_and_a_repeat_ends_it(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await closed_in_vain(market)
    with monkeypatch.context() as patched:
        full_disk(patched)
        with pytest.raises(ExchangeError, match="none of 1 symbols") as told:
            await market.ask(messages.CloseAll())
    assert told.value.hint == closeall.NOT_QUEUED
    repeat = asyncio.create_task(market.ask(OutcomeOf(str(told.value.facts["intent_id"]))))
    await market.until(lambda snapshot: repeat.done())
    assert ((await repeat).ok, (await repeat).count) == (True, 1)
    assert await coins(market) < 0.01


async def test_a_closeall_that_goes_on_ends_the_quarantine_of_an_earlier_close(market: Market) -> None:
    """It was journaled, and the process died before it had marked the trade."""
    key = await closed_in_vain(market)
    market.clock.now_ms += 1000
    await restarted_with(market, "closeall", key)
    assert market.snapshot.open_trades() == []
    assert await coins(market) < 0.01


async def test_what_goes_into_quarantine_while_it_is_closed_is_told_and_entries_are_allowed_again(
    market: Market,
) -> None:
    asking, key = await close_begun(market, messages.CloseAll())
    await in_quarantine(market)
    with pytest.raises(ExchangeError, match="none of 1 symbols") as told:
        await asking
    failed: Any = told.value.facts["failed"]
    assert (failed[0]["code"], told.value.hint) == ("not_in_this_state", closeall.NOT_QUEUED)
    assert f"trade {key} in {PAIR} is in quarantine" in failed[0]["error"]
    assert market.snapshot.control.closeall_since is None


async def test_a_quarantine_that_came_after_it_was_overruled_stays(market: Market) -> None:
    """A repeat of a closeall sells it no second time: the operator who sees it decides anew."""
    key = await closed_in_vain(market)
    with rules_failing(), pytest.raises(ExchangeError, match="none of 1 symbols") as told:
        await market.ask(messages.CloseAll())
    with pytest.raises(ExchangeError, match="none of 1 symbols") as again:
        await market.ask(OutcomeOf(str(told.value.facts["intent_id"])))
    assert again.value.hint == closeall.NOT_QUEUED
    assert [(trade.intent.id, trade.label) for trade in market.snapshot.open_trades()] == [(key, "QUARANTINE")]

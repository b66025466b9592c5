"""What a repeated request is told: what became of what the first one has begun, in whichever process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.commands import marking
from opentrader.actors.trading.recovery.repeats import OutcomeOf
from opentrader.actors.trading.replies import outcomes
from opentrader.domain.trading.ledger import KeyTaken, Reservation
from opentrader.errors import AskTimeout, ExchangeError, NoPosition, OpentraderError, PositionNotFound, SymbolNotFound
from opentrader.exchange.paper.transport import InjectedFault
from opentrader.store.tables.idempotency import IdempotencyTable
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, limit
from tests.fakes.trouble import trouble

KEY = "key-1"
CLOSE, CLOSE_ALL = messages.ClosePosition(PAIR, idem_key=KEY), messages.CloseAll(idem_key=KEY)
SELL = buy(direction="sell", idem_key=KEY)


async def reserved(market: Market) -> None:
    """As the idempotency layer does before it sends a request with a key."""
    await IdempotencyTable(market.store).reserve(Reservation(KEY, "POST", "/api/close", "f", 100))


async def begun(market: Market) -> str:
    return await IdempotencyTable(market.store).begun(KEY)


async def repeated(market: Market) -> Any:
    """What the key leads to."""
    return await market.ask(OutcomeOf(await begun(market)))


def ids(rows: Any) -> list[str]:
    return [row.id for row in rows.closed]


async def restarted(market: Market) -> None:
    await market.stop()
    await market.start()
    await market.until(lambda snapshot: snapshot.reconciled)


async def marked(market: Market) -> None:
    for _ in range(500):
        if all(trade.close_reason for trade in market.snapshot.trades):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(market.snapshot.trades)


async def moved(market: Market, request: messages.MoveLevels) -> messages.LevelsMoved:
    moving = asyncio.create_task(market.ask(request))
    await market.until(lambda snapshot: moving.done())
    return await moving


@pytest.mark.parametrize("request_", [CLOSE, CLOSE_ALL, SELL], ids=["close", "closeall", "sell"])
async def test_a_close_is_told_from_its_own_trades_also_after_a_restart(market: Market, request_: Any) -> None:
    await reserved(market)
    opened = (await market.ask(buy())).trade.id
    first = await market.ask(request_)
    assert ids(first) == [opened]
    assert first.intent_id == await begun(market)
    later = (await market.ask(buy())).trade.id
    for _ in range(2):
        again = await repeated(market)
        assert (ids(again), again.intent_id) == ([opened], first.intent_id)
        assert [trade.intent.id for trade in market.snapshot.open_trades()] == [later]
        await restarted(market)


@pytest.mark.parametrize("request_", [CLOSE, CLOSE_ALL, SELL], ids=["close", "closeall", "sell"])
async def test_a_repeat_waits_for_what_is_still_closing(market: Market, request_: Any) -> None:
    await reserved(market)
    opened = (await market.ask(buy())).trade.id
    market.venue.transport.gate.clear()
    first = asyncio.create_task(market.ask(request_))
    await marked(market)
    again = asyncio.create_task(repeated(market))
    await asyncio.sleep(0.1)
    assert not again.done()
    market.venue.transport.gate.set()
    await market.until(lambda snapshot: first.done() and again.done())
    assert ids(await first) == ids(await again) == [opened]


async def test_a_close_that_found_nothing_stays_one_that_found_nothing(market: Market) -> None:
    await reserved(market)
    with pytest.raises(PositionNotFound) as first:
        await market.ask(CLOSE)
    assert first.value.facts == {"intent_id": await begun(market)}
    await market.ask(buy())
    with pytest.raises(PositionNotFound) as again:
        await repeated(market)
    assert again.value.facts == first.value.facts
    assert len(market.snapshot.open_trades()) == 1


async def test_a_sell_that_found_nothing_stays_one_that_found_nothing(market: Market) -> None:
    await reserved(market)
    with pytest.raises(NoPosition):
        await market.ask(SELL)
    await market.ask(buy())
    with pytest.raises(NoPosition):
        await repeated(market)
    assert len(market.snapshot.open_trades()) == 1


async def test_a_sell_of_what_is_no_symbol_begins_nothing(market: Market) -> None:
    await reserved(market)
    with pytest.raises(SymbolNotFound):
        await market.ask(buy(symbol="XXXUSDT", direction="sell", idem_key=KEY))
    assert await begun(market) == ""


async def test_a_closeall_of_nothing_stays_one_of_nothing(market: Market) -> None:
    await reserved(market)
    assert (await market.ask(CLOSE_ALL)).count == 0
    await market.ask(buy())
    assert (await repeated(market)).count == 0
    assert len(market.snapshot.open_trades()) == 1


async def test_a_pending_entry_that_fills_later_is_not_what_a_closeall_was_about(market: Market) -> None:
    await reserved(market)
    await market.ask(limit(95.0))
    assert (await market.ask(CLOSE_ALL)).count == 0
    await market.go(94.0, 94.0)
    assert len(market.snapshot.open_trades()) == 1
    assert (await repeated(market)).count == 0
    assert len(market.snapshot.open_trades()) == 1


async def test_a_closeall_that_took_entries_back_is_told_the_same_after_a_restart(market: Market) -> None:
    await reserved(market)
    opened, waiting = (await market.ask(buy())).trade.id, (await market.ask(limit(95.0))).entry.id
    first = await market.ask(messages.CloseAll(cancel_pending=True, idem_key=KEY))
    later = (await market.ask(limit(94.0))).entry.id
    for _ in range(2):
        again = await repeated(market)
        assert (ids(again), [entry.id for entry in again.cancelled_entries]) == ([opened], [waiting])
        assert again.cancelled_entries == first.cancelled_entries
        assert [trade.intent.id for trade in market.snapshot.pending()] == [later]
        await restarted(market)


async def test_of_two_attempts_of_one_request_one_acts(market: Market) -> None:
    """The first one seemed lost while it waited for its symbol."""
    await reserved(market)
    await market.ask(buy())
    answers = await asyncio.gather(*(market.ask(CLOSE) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(answer, messages.ClosedReply) for answer in answers) == 1
    assert sum(isinstance(answer, KeyTaken) for answer in answers) == 2


async def test_of_two_attempts_of_one_entry_one_buys(market: Market) -> None:
    await reserved(market)
    answers = await asyncio.gather(
        *(market.ask(limit(95.0 - number, idem_key=KEY)) for number in range(3)), return_exceptions=True
    )
    assert sum(isinstance(answer, messages.ManualPlaced) for answer in answers) == 1
    assert len(market.snapshot.pending()) == 1


async def test_a_move_of_levels_is_not_told_the_outcome_of_a_later_one(market: Market) -> None:
    await reserved(market)
    trade = (await market.ask(buy())).trade.id
    for level, key in ((99.0, KEY), (98.5, "")):
        assert (await moved(market, messages.MoveLevels(trade, sl_px=level, idem_key=key))).status == "moved"
        told = await repeated(market)
        assert (told.status, told.intent_id) == ("moved" if key else "replaced", await begun(market))
        assert told.trade.sl_px == level


async def test_an_entry_that_another_client_has_closed_is_told_as_closed(market: Market) -> None:
    await reserved(market)
    opened = (await market.ask(buy(idem_key=KEY))).trade.id
    await market.ask(messages.ClosePosition(PAIR))
    for _ in range(2):
        told = await repeated(market)
        assert (told.status, told.closed[0].id, told.closed[0].exit_reason) == ("closed", opened, "close")
        await restarted(market)


async def test_a_manual_entry_that_another_client_has_closed_is_told_with_its_row(market: Market) -> None:
    await reserved(market)
    await market.ask(limit(101.0, idem_key=KEY))
    await market.ask(messages.ClosePosition(PAIR))
    told = await repeated(market)
    assert (told.status, told.trade, told.closed[0].exit_reason) == ("filled", None, "close")


async def closed_before_it_was_protected(market: Market) -> list[Any]:
    """What the first request of an entry and its repeats are told, if another client closes it that early."""

    async def unreadable(*given: Any) -> Any:
        raise ExchangeError("maintenance")

    trouble(market, InjectedFault("applied-no-reply", on="place"))
    await reserved(market)
    with pytest.MonkeyPatch.context() as blind:
        for call in ("order", "orders"):
            blind.setattr(market.venue, call, unreadable)
        entering = asyncio.create_task(market.ask(limit(101.0, idem_key=KEY)))
        await market.until(lambda snapshot: any(leg.in_flight for trade in snapshot.trades for leg in trade.legs))
        closing = asyncio.create_task(market.ask(messages.ClosePosition(PAIR)))
        await marked(market)
    await market.until(lambda snapshot: closing.done() and entering.done())
    assert (await closing).closed[0].exit_reason == "close"
    again = [await asyncio.gather(repeated(market), return_exceptions=True) for _ in range(2)]
    return [*await asyncio.gather(entering, return_exceptions=True), *again[0], *again[1]]


async def test_k23_what_another_client_has_closed_was_no_failure(market: Market) -> None:
    for told in await closed_before_it_was_protected(market):
        assert isinstance(told, messages.ManualPlaced), told
        assert (told.status, told.trade, told.closed[0].exit_reason) == ("filled", None, "close")


async def test_k23_the_run_finds_it_if_each_close_counts_as_a_failure(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "never_protected", lambda trade, row: not any(leg.ex_ids for leg in trade.exits))
    told = await closed_before_it_was_protected(market)
    assert [str(error).partition(" was bought")[0] for error in told] == [PAIR] * 3


async def test_only_what_could_not_be_protected_is_told_as_that(market: Market) -> None:
    faults = [
        InjectedFault("refuse", on="place_list", times=50, code=-1013, text="Filter failure: MAX_NUM_ALGO_ORDERS")
    ]
    trouble(market, *faults)
    await reserved(market)
    asking = asyncio.create_task(market.ask(buy(idem_key=KEY)))
    await market.until(lambda snapshot: asking.done())
    for _ in range(2):
        with pytest.raises(ExchangeError, match="could not be protected") as told:
            await repeated(market)
        assert "flattened" in told.value.hint


# --- no answer leaves without the id


@pytest.mark.parametrize("request_", [CLOSE, SELL, CLOSE_ALL], ids=["close", "sell", "closeall"])
async def test_a_close_that_takes_too_long_is_told_with_its_id(
    market: Market, monkeypatch: pytest.MonkeyPatch, request_: Any
) -> None:
    monkeypatch.setattr(marking, "CLOSE_SECONDS", 0.2)
    await reserved(market)
    await market.ask(buy())
    market.venue.transport.gate.clear()
    with pytest.raises((AskTimeout, ExchangeError)) as told:
        await market.ask(request_)
    assert told.value.facts["intent_id"] == await begun(market)
    market.venue.transport.gate.set()
    await market.until(lambda snapshot: not snapshot.open_trades())
    assert len(ids(await repeated(market))) == 1


@pytest.mark.parametrize("request_", [buy(idem_key=KEY), CLOSE, SELL, CLOSE_ALL], ids=["buy", "close", "sell", "all"])
async def test_what_a_stop_cuts_off_is_told_with_its_id(
    market: Market, monkeypatch: pytest.MonkeyPatch, request_: Any
) -> None:
    await reserved(market)
    if request_.__class__ is not messages.ExecuteTrade or request_.direction == "sell":
        await market.ask(buy())
    never = asyncio.Event()

    async def silent(*given: Any) -> Any:
        await never.wait()

    for call in ("place", "cancel", "cancel_list"):
        monkeypatch.setattr(market.venue, call, silent)
    asking = asyncio.create_task(market.ask(request_))
    for _ in range(500):
        if await begun(market):
            break
        await asyncio.sleep(0.01)
    await market.stop()
    with pytest.raises(OpentraderError) as told:
        await asking
    await market.start()
    assert told.value.facts["intent_id"] == await begun(market) != ""

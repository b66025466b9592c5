"""Moving levels: between which bounds, that both orders are replaced, and what becomes of it if that fails."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.recovery.repeats import OutcomeOf
from opentrader.domain.trading.lifecycle.settings import BINANCE
from opentrader.domain.trading.venue import PriceBand
from opentrader.errors import InvalidInput, NotInThisState, OrderRejected, PositionNotFound
from opentrader.exchange.paper.transport import InjectedFault, Script
from opentrader.store.tables.commands import CommandTable
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, limit
from tests.fakes.trouble import rules_failing
from tests.waiting import until

OLD = {Decimal("98.01"), Decimal("104.02")}


async def opened(market: Market) -> Any:
    """At 100.01, with the stop at 98.01 and the target at 104.02."""
    return (await market.ask(buy())).trade


async def resting(market: Market) -> set[Decimal]:
    """The stop and the target at the venue."""
    return {order.stop_px or order.px or Decimal(0) for order in await market.venue.open_orders(PAIR)}


async def moved(market: Market, key: str, **levels: float) -> messages.LevelsMoved:
    asking = asyncio.create_task(market.ask(messages.MoveLevels(key, **levels)))  # type: ignore[arg-type]  # only levels are given
    await market.until(lambda snapshot: asking.done())
    return await asking


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({"sl_px": 99.0}, {99, 104.02}), ({"tp_px": 110.0}, {98.01, 110}), ({"sl_px": 98.5, "tp_px": 103.0}, {98.5, 103})],
)
async def test_levels_are_moved_in_one_replacement(
    market: Market, asked: dict[str, float], expected: set[float]
) -> None:
    trade = await opened(market)
    told = await moved(market, trade.id, **asked)
    assert told.trade is not None
    assert (told.status, {told.trade.sl_px, told.trade.tp_px}) == ("moved", expected)
    assert await resting(market) == {Decimal(str(level)) for level in expected}
    assert told.trade.protection == "oco"


async def test_a_raised_stop_may_be_lowered_to_the_first_one_and_not_below(market: Market) -> None:
    trade = await opened(market)
    await moved(market, trade.id, sl_px=99.0)
    assert (await moved(market, trade.id, sl_px=trade.sl_px)).status == "moved"
    with pytest.raises(InvalidInput) as told:
        await market.ask(messages.MoveLevels(trade.id, sl_px=trade.sl_px - 0.01))
    assert [(fault.loc, "first stop" in fault.msg) for fault in told.value.faults] == [(("query", "sl_px"), True)]


@pytest.mark.parametrize(("asked", "name"), [({"sl_px": 99.9}, "sl_px"), ({"tp_px": 100.1}, "tp_px")])
async def test_a_level_is_not_moved_too_close_to_the_price(market: Market, asked: dict[str, float], name: str) -> None:
    trade, before = await opened(market), await market.venue.open_orders(PAIR)
    with pytest.raises(InvalidInput) as told:
        await market.ask(messages.MoveLevels(trade.id, **asked))  # type: ignore[arg-type]  # only levels are given
    assert [fault.loc[1] for fault in told.value.faults] == [name]
    assert await market.venue.open_orders(PAIR) == before


async def test_a_level_that_the_exchange_would_refuse_is_refused_before(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade, filters = await opened(market), market.connection.filters

    async def banded(symbol: str) -> Any:
        known = await filters(symbol)
        band = PriceBand(Decimal("0.2"), Decimal(5), Decimal("0.2"), Decimal(5))
        return type(known)(**{**{name: getattr(known, name) for name in known.__slots__}, "band": band})

    monkeypatch.setattr(market.connection, "filters", banded)
    with pytest.raises(OrderRejected, match="PERCENT_PRICE_BY_SIDE"):
        await market.ask(messages.MoveLevels(trade.id, tp_px=900.0))
    assert await resting(market) == OLD


async def test_the_old_levels_are_placed_again_if_the_exchange_refuses_the_new_ones(market: Market) -> None:
    trade = await opened(market)
    refusal = InjectedFault("refuse", on="place_list", code=-1013, text="Filter failure: MAX_POSITION")
    market.venue.transport = type(market.venue.transport)(Script((refusal,)), market.clock.market_ms)
    told = await moved(market, trade.id, sl_px=99.0, tp_px=110.0)
    assert told.trade is not None
    assert (told.status, told.trade.sl_px, told.trade.tp_px) == ("kept", 98.01, 104.02)
    assert await resting(market) == OLD


async def test_moves_leave_room_for_a_close_of_the_same_minute(market: Market) -> None:
    trade = await opened(market)
    for level in (98.5, 98.6):
        await moved(market, trade.id, sl_px=level)
    with pytest.raises(NotInThisState, match=r"3 exits of trade .* were sent within a minute") as told:
        await market.ask(messages.MoveLevels(trade.id, sl_px=98.7))
    assert told.value.hint is not None
    assert told.value.hint.startswith("its levels can be moved again in ")
    assert await resting(market) == {Decimal("98.6"), Decimal("104.02")}
    began = market.clock.market_ms()
    closing = asyncio.create_task(market.ask(messages.ClosePosition(PAIR)))
    await market.until(lambda snapshot: closing.done())
    assert (await closing).count == 1
    assert market.clock.market_ms() - began < BINANCE.budget_window


async def test_only_a_protected_trade_is_moved(market: Market) -> None:
    with pytest.raises(PositionNotFound):
        await market.ask(messages.MoveLevels("x", sl_px=99.0))
    waiting = (await market.ask(limit(95.0))).entry.id
    with pytest.raises(NotInThisState, match="is entering; only the levels of a protected trade"):
        await market.ask(messages.MoveLevels(waiting, sl_px=94.0))
    key = (await opened(market)).id
    await market.ask(messages.ClosePosition(PAIR))
    with pytest.raises(NotInThisState, match="has ended"):
        await market.ask(messages.MoveLevels(key, sl_px=99.0))


async def test_a_refusal_says_whether_the_trade_is_being_moved_or_closed(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = await opened(market)

    async def ticker(symbol: str, max_age: int = 0) -> Any:
        return type("Told", (), {"last": Decimal(100)})()

    with monkeypatch.context() as known:
        known.setattr(market.connection, "ticker", ticker)
        market.venue.transport.gate.clear()
        moving = asyncio.create_task(market.ask(messages.MoveLevels(trade.id, sl_px=99.0)))
        await until(lambda: market.snapshot.trades[0].move == "asked")
        with pytest.raises(NotInThisState, match="are being moved already"):
            await market.ask(messages.MoveLevels(trade.id, sl_px=99.0))
        closing = asyncio.create_task(market.ask(messages.ClosePosition(PAIR)))
        await until(lambda: bool(market.snapshot.trades[0].close_reason))
        with pytest.raises(NotInThisState, match="is being closed"):
            await market.ask(messages.MoveLevels(trade.id, sl_px=99.0))
    market.venue.transport.gate.set()
    await market.until(lambda snapshot: moving.done() and closing.done())
    assert ((await moving).status, (await closing).count) == ("closed", 1)


async def test_it_is_journaled_and_goes_on_after_a_restart(market: Market) -> None:
    trade = await opened(market)
    market.venue.transport.gate.clear()
    reading = market.connection

    async def ticker(symbol: str, max_age: int = 0) -> Any:
        return type("Told", (), {"last": Decimal(100)})()

    with pytest.MonkeyPatch.context() as known:
        known.setattr(reading, "ticker", ticker)
        asking = asyncio.create_task(market.ask(messages.MoveLevels(trade.id, sl_px=99.0)))
        for _ in range(500):
            if market.snapshot.trades[0].move == "asked":
                break
            await asyncio.sleep(0.01)
    asking.cancel()
    await market.stop()
    await market.start()
    await market.until(lambda snapshot: snapshot.trades[0].move != "asked")
    assert await resting(market) == {Decimal(99), Decimal("104.02")}
    command = market.store.read(
        lambda connection: connection.execute("SELECT id FROM commands WHERE kind = 'levels'").get
    )
    assert CommandTable(market.store).command(command) is not None
    told = await market.ask(OutcomeOf(command))
    assert (told.status, told.trade.sl_px) == ("moved", 99.0)


async def test_a_price_that_does_not_come_holds_up_no_close(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    trade, asked, come, ticker = await opened(market), asyncio.Event(), asyncio.Event(), market.connection.ticker

    async def slow(*args: Any) -> Any:
        if not asked.is_set():
            asked.set()
            await come.wait()
        return await ticker(*args)

    with monkeypatch.context() as far:
        far.setattr(market.connection, "ticker", slow)
        moving = asyncio.create_task(market.ask(messages.MoveLevels(trade.id, sl_px=99.0)))
        await asked.wait()
        assert (await market.ask(messages.ClosePosition(PAIR), timeout=10)).count == 1
        come.set()
        with pytest.raises(NotInThisState, match="has ended"):
            await moving


async def test_levels_of_a_trade_that_gets_stuck_are_not_told_as_closed(market: Market) -> None:
    trade = await opened(market)
    with rules_failing():
        with pytest.raises(NotInThisState, match="in quarantine, its levels were not moved") as told:
            await moved(market, trade.id, sl_px=99.0)
        with pytest.raises(NotInThisState, match="in quarantine, its levels were not moved"):
            await market.ask(OutcomeOf(str(told.value.facts["intent_id"])))
        with pytest.raises(NotInThisState, match="is quarantine; only the levels of a protected trade"):
            await market.ask(messages.MoveLevels(trade.id, sl_px=99.0))
    assert await resting(market) == OLD

"""What comes while an entry is on its way: closes, other entries, slow commits and orders that hang."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.actors.trading.book import TradeBook
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.domain.trading.exchange import NewOrder
from opentrader.domain.trading.lifecycle import Trade, decide
from opentrader.domain.trading.venue import Others, Outcome, Unknown
from tests.simulation.faults.given import CLOSE, ENTRY, done, scripted
from tests.simulation.simulation import BALANCE, Simulation
from tests.simulation.wire import Wire

PAIR = "SOLUSDT"


def below(simulation: Simulation, share: float) -> messages.PlaceManual:
    px = float(simulation.prices.price(PAIR, simulation.clock.market_ms())) * share
    return messages.PlaceManual(PAIR, "buy", entry_px=round(px, 2), sl_pct=2.0, tp_pct=4.0)


@pytest.mark.parametrize("seconds", [1.0, 2.6, 2.95, 4.0])
@pytest.mark.parametrize("after", [0.5, 1.5])
def test_k13_an_entry_that_was_late_is_not_made_after_a_closeall(seconds: float, after: float) -> None:
    """Its commit takes so long that it must be planned anew, and a closeall has come and gone meanwhile."""
    told = list[int]()

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        writer, commits = simulation._writer, list[float]()
        fast = writer._seconds

        def slow_once() -> float:
            commits.append(seconds if not commits else fast())
            return commits[-1]

        writer._seconds = slow_once
        entering = asyncio.ensure_future(simulation.request(ENTRY))
        await asyncio.sleep(min(after, seconds - 0.1))
        told.append((await simulation.request(messages.CloseAll())).status)
        told.append((await entering).status)

    simulation = scripted(act)
    assert (told, simulation.judge.violations) == ([200, 409], {})
    assert all(not book.bought for book in simulation.judge.books.values())


def test_k13_the_run_finds_it_if_an_entry_forgets_when_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    enter = LifecycleLoop.enter

    def forgetful(loop: LifecycleLoop, trade: Any, order: Any, withdrawn: Any) -> None:
        enter(loop, trade, order, lambda: "")

    monkeypatch.setattr(LifecycleLoop, "enter", forgetful)
    with pytest.raises(AssertionError):
        test_k13_an_entry_that_was_late_is_not_made_after_a_closeall(2.95, 1.5)


@pytest.mark.parametrize("what", [CLOSE, messages.CloseAll()], ids=["close", "closeall"])
@pytest.mark.parametrize("after", [0.4, 0.45, 0.55])
def test_an_entry_that_is_closed_at_once_counts_for_the_day(what: Message[Any], after: float) -> None:
    counted = list[int]()

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        entering = asyncio.ensure_future(simulation.request(ENTRY))
        await asyncio.sleep(after)
        await simulation.request(what)
        await entering
        assert simulation.daemon is not None
        counted.append(simulation.daemon.snapshot().trades_today)

    simulation = scripted(act, "far")
    assert counted == [sum(book.bought > 0 for book in simulation.judge.books.values())] == [1]


@pytest.mark.parametrize("climate", ["calm", "far"])
@pytest.mark.parametrize("first", [ENTRY, CLOSE], ids=["after an entry", "after a close"])
@pytest.mark.parametrize("gap", [0.0, 0.3, 0.7])
def test_the_users_own_coins_are_counted_without_ours_and_with_all_of_his(
    climate: str, first: Message[Any], gap: float
) -> None:
    """An entry that follows at once must not take an account that was read before our own fills."""
    own = list[Decimal]()

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        if first is CLOSE:
            await done(simulation, ENTRY)
            await asyncio.sleep(25)
        acting = asyncio.ensure_future(simulation.request(first))
        await asyncio.sleep(gap)
        assert (await simulation.request(below(simulation, 0.97))).status == 200
        await acting
        assert simulation.daemon is not None
        own.extend(x.base_at_entry for x in simulation.daemon.snapshot().trades if x.intent.kind == "limit")

    scripted(act, climate)
    (counted,) = own
    assert abs(counted - BALANCE["SOL"]) < Decimal("0.1")  # what a close has left over


def test_k5_an_entry_that_waited_for_its_turn_is_priced_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another order of the symbol hangs meanwhile, and the price falls through the stop."""
    place, told = Wire.place, list[int]()

    async def hanging(wire: Wire, order: NewOrder) -> Outcome:
        if order.type == "LIMIT":
            await asyncio.sleep(60)
        return await place(wire, order)

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        monkeypatch.setattr(Wire, "place", hanging)
        first = asyncio.ensure_future(simulation.request(below(simulation, 0.9)))
        await asyncio.sleep(0.3)
        entering = asyncio.ensure_future(simulation.request(ENTRY))
        await asyncio.sleep(1)
        price = type(simulation.prices).price
        monkeypatch.setattr(
            type(simulation.prices), "price", lambda prices, symbol, at: price(prices, symbol, at) * Decimal("0.965")
        )
        told.append((await entering).status)
        first.cancel()

    simulation = scripted(act)
    assert told == [409]
    assert all(not book.bought for book in simulation.judge.books.values())


def test_k5_the_run_finds_it_if_an_entry_is_sent_wherever_the_price_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "outrun", lambda scene: False)
    with pytest.raises(AssertionError):
        test_k5_an_entry_that_waited_for_its_turn_is_priced_anew(monkeypatch)


def test_k20_what_another_trade_buys_is_no_sign_of_an_entry_that_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    place, seen = Wire.place, list[Trade]()

    async def losing(wire: Wire, order: NewOrder) -> Outcome:
        return Unknown("lost") if (order.type, order.side) == ("MARKET", "buy") else await place(wire, order)

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        monkeypatch.setattr(Wire, "place", losing)
        entering = asyncio.ensure_future(simulation.request(ENTRY))
        await asyncio.sleep(2)
        assert (await simulation.request(below(simulation, 1.005))).status == 200  # it fills at once
        await asyncio.sleep(180)
        assert simulation.daemon is not None
        seen.extend(simulation.daemon.snapshot().trades)
        entering.cancel()

    scripted(act)
    assert sorted((trade.intent.kind, trade.label) for trade in seen) == [("limit", "PROTECTED"), ("market", "FLAT")]


def test_k20_the_run_finds_it_if_other_trades_of_the_base_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TradeBook, "others", lambda *given: Others())
    with pytest.raises(AssertionError):
        test_k20_what_another_trade_buys_is_no_sign_of_an_entry_that_was_lost(monkeypatch)

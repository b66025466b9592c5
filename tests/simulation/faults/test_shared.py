"""Several trades of one coin, and the user's own beside them (K20)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.domain.trading.exchange import NewOrder, Unreachable
from opentrader.domain.trading.venue import Outcome, Unknown
from opentrader.exchange.paper.ledger.ledger import deposit
from tests.simulation.faults.given import CLOSE, ENTRY, done, scripted
from tests.simulation.simulation import Simulation
from tests.simulation.wire import Wire

PAIR = "SOLUSDT"
SITUATIONS = {
    "several trades of a coin",
    "one unknown, one protected",
    "exits in part",
    "coins brought",
    "coins taken",
    "sold by hand",
}


def at_market(simulation: Simulation) -> messages.PlaceManual:
    """A limit entry that is filled at once."""
    px = float(simulation.prices.price(PAIR, simulation.clock.market_ms())) * 1.001
    return messages.PlaceManual(PAIR, "buy", entry_px=round(px, 2), sl_pct=5, tp_pct=10)


async def moved(simulation: Simulation, amount: Decimal) -> None:
    """The user brings or takes coins."""
    at = simulation.clock.market_ms()
    await simulation.ledger.write(lambda connection: deposit(connection, "SOL", amount, at))


async def coins(simulation: Simulation) -> Decimal:
    return (await simulation.paper.balances())["SOL"].total


@pytest.mark.parametrize("seed", [2, 3])
def test_k20_no_run_breaks_a_rule_and_all_of_it_happens(seed: int) -> None:
    verdict = Simulation(seed, 1.0, "shared base").run()
    assert not verdict.violations
    assert not SITUATIONS - {name for name, count in verdict.counts.items() if count}


def test_k20_each_of_two_trades_sells_its_own_coins_while_others_come_and_go() -> None:
    left = list[Decimal]()

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(30)
        own = await coins(simulation)
        await done(simulation, ENTRY)
        await done(simulation, at_market(simulation))
        await moved(simulation, Decimal(7))
        await asyncio.sleep(60)
        await moved(simulation, -own)
        assert len(await simulation.paper.open_lists()) == 2
        await asyncio.sleep(60)
        await done(simulation, CLOSE)
        left.append(await coins(simulation))

    simulation = scripted(act)
    simulation.judge.closing()
    assert not simulation.judge.violations
    assert 7 <= left[0] < 7 + 2 * Decimal("0.01"), "what was brought is left, and two rests that are too small to sell"


def test_k20_a_trade_is_closed_beside_one_of_unknown_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry of the other one was executed, and nobody can tell for a minute."""
    place, read, silent, doubtful = Wire.place, Wire._read, list[bool](), list[bool]()

    async def mute(wire: Wire, order: NewOrder) -> Outcome:
        outcome = await place(wire, order)
        if order.type != "LIMIT":
            return outcome
        silent.append(True)
        return Unknown("no answer")

    async def blind(wire: Wire, name: str, symbol: str | None, request: Any) -> Any:
        if silent and "order" in name:
            raise Unreachable("no answer")
        return await read(wire, name, symbol, request)

    monkeypatch.setattr(Wire, "place", mute)
    monkeypatch.setattr(Wire, "_read", blind)

    async def act(simulation: Simulation) -> None:
        await done(simulation, ENTRY)
        entering = asyncio.ensure_future(simulation.request(at_market(simulation)))
        await asyncio.sleep(10)
        assert simulation.daemon is not None
        first, *others = simulation.daemon.snapshot().trades
        doubtful.extend(leg.in_flight for trade in others for leg in trade.legs)
        closing = asyncio.ensure_future(simulation.request(CLOSE))
        await asyncio.sleep(50)
        assert simulation.judge.books[first.intent.id[-8:]].sold, "it did not wait"
        silent.clear()
        assert (await closing).status == 200
        await entering
        assert simulation.judge.held("SOL") < Decimal("0.02"), "both are sold"

    simulation = scripted(act)
    simulation.judge.closing()
    assert any(doubtful)
    assert not simulation.judge.violations


def test_k20_a_trade_that_the_user_has_sold_takes_nothing_from_another() -> None:
    """Without coins of the user's own: what is in the wallet is the other one's."""
    labels, covered = list[str](), list[Decimal]()

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(30)
        await moved(simulation, -await coins(simulation))
        await done(simulation, ENTRY)
        (stop, _) = await simulation.paper.open_orders(PAIR)
        await done(simulation, at_market(simulation))
        assert simulation.daemon is not None
        first, second = simulation.daemon.snapshot().trades
        await simulation.paper.cancel(PAIR, stop.cid)
        now = simulation.clock.market_ms()
        await simulation.paper.place(NewOrder("web-1", PAIR, "sell", "MARKET", stop.qty, now))
        await asyncio.sleep(90)
        left = {trade.intent.id: trade.label for trade in simulation.daemon.snapshot().trades}
        labels.extend((left.get(first.intent.id, "FLAT"), left[second.intent.id]))
        covered.extend(each.stop.qty for each in await simulation.paper.open_lists())
        covered.append(simulation.judge.books[second.intent.id[-8:]].net("SOL"))

    scripted(act)
    assert labels in (["FLAT", "PROTECTED"], ["DUST", "PROTECTED"])
    assert 0 <= covered[1] - covered[0] < Decimal("0.01")

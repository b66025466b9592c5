"""What it costs to watch: request weight, counted by the line, and events, in minutes in which nothing happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from apsw import Connection

from opentrader.actors import messages
from opentrader.exchange.paper.session import Terms
from tests.simulation import daemon, market
from tests.simulation import simulation as world
from tests.simulation.faults.given import done
from tests.simulation.people import SYMBOLS
from tests.simulation.simulation import Simulation

MINUTES = 10
SETTLED = 5  # minutes after the last order
FAR = 0.1  # of the price, for stops and limits that are not reached


def bought(simulation: Simulation, number: int) -> messages.PlaceManual:
    """An entry whose limit is above the price: it fills at once."""
    symbol = SYMBOLS[number % len(SYMBOLS)]
    px = float(simulation.prices.price(symbol, simulation.clock.market_ms())) * (1.01 + number / 10_000)
    return messages.PlaceManual(symbol, "buy", entry_px=round(px, 2), sl_pct=FAR * 100, tp_pct=FAR * 200)


def resting(simulation: Simulation, number: int) -> messages.PlaceManual:
    symbol = SYMBOLS[number % len(SYMBOLS)]
    px = float(simulation.prices.price(symbol, simulation.clock.market_ms())) * (1 - FAR - number / 1_000)
    return messages.PlaceManual(symbol, "buy", entry_px=round(px, 2), sl_pct=FAR * 100, tp_pct=FAR * 200)


def events(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM events").get)


def watched(protected: int, waiting: int, monkeypatch: pytest.MonkeyPatch, *, push: bool) -> tuple[int, int]:
    """The most weight of a minute in which nothing happens, and the events of all these minutes."""
    monkeypatch.setattr(market, "SIGMA", 0.00001)
    monkeypatch.setattr(market, "JUMP", 0.0)
    risk = replace(daemon.RISK, max_open=100, max_notional_pct=Decimal("0.5"), collar_pct=Decimal(50))
    monkeypatch.setattr(daemon, "RISK", risk)
    monkeypatch.setattr(world, "Terms", partial(Terms, most_stops=100, most_lists=100, most_orders=500))
    seen = list[tuple[float, int]]()

    async def act(simulation: Simulation) -> None:
        for number in range(protected):
            await done(simulation, bought(simulation, number))
        for number in range(waiting):
            await done(simulation, resting(simulation, number))
        await asyncio.sleep(SETTLED * 60)
        for _ in range(2):
            seen.append((simulation.loop.time(), simulation.store.read(events)))
            await asyncio.sleep(MINUTES * 60)

    climate = "push" if push else "calm"
    simulation = Simulation(1, 0.6, climate, people=lambda simulation: simulation.spawn(act(simulation)))
    simulation.run()
    assert simulation.daemon is not None
    labels = [trade.label for trade in simulation.daemon.snapshot().trades]
    assert (labels.count("PROTECTED"), labels.count("ENTERING")) == (protected, waiting)
    (begin, before), (end, after) = seen
    minutes = range(int(begin // 60) + 1, int(end // 60))
    return max(simulation.wire.weight[minute] for minute in minutes), after - before


CASES = {
    "idle": (0, 0, False, 250),
    "8+2": (8, 2, False, 550),
    "50": (50, 0, False, 500),
    "push idle": (0, 0, True, 250),
    "push 8+2": (8, 2, True, 300),
    "push 50": (50, 0, True, 300),
}


@pytest.mark.parametrize(("protected", "waiting", "push", "most"), list(CASES.values()), ids=list(CASES))
def test_k15_what_rests_costs_little_and_writes_nothing(
    protected: int, waiting: int, push: bool, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight, written = watched(protected, waiting, monkeypatch, push=push)
    assert 0 < weight <= most
    assert written == 0

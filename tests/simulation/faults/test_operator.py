"""What an operator presses, and that the judge knows what it means."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.commands.marking import Marking
from opentrader.domain.trading.lifecycle import Trade
from tests.simulation.faults.given import ENTRY, bought_and_taken_away, done, scripted
from tests.simulation.judging import judge
from tests.simulation.people import People
from tests.simulation.simulation import Simulation

DROPS = 1  # a seed whose first draw is a drop


def quarantined_and_attended() -> tuple[Simulation, list[str]]:
    """Coins of a trade that have left the account; the operator looks at it, and at nothing else."""
    labels = list[str]()

    async def act(simulation: Simulation) -> None:
        await bought_and_taken_away(simulation)
        await asyncio.sleep(120)
        assert simulation.daemon is not None
        labels.extend(trade.label for trade in simulation.daemon.snapshot().trades)
        await People(simulation)._attend(Random(DROPS))
        await asyncio.sleep(400)

    return scripted(act), labels


def test_what_the_operator_drops_is_the_users_own() -> None:
    simulation, labels = quarantined_and_attended()
    assert labels == ["QUARANTINE"]
    assert simulation.copied()[0].execute("SELECT kind FROM commands").get == "drop"
    assert not simulation.judge.violations.keys() - {"blamed the venue"}  # the user took the coins


def test_the_run_finds_it_bare_if_nobody_has_dropped_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "is_dropped", lambda journal, tail: False)
    simulation, _ = quarantined_and_attended()
    assert {"bare", "forgotten"} <= simulation.judge.violations.keys()


def all_closed_beside_an_entry() -> Simulation:
    async def act(simulation: Simulation) -> None:
        await done(simulation, ENTRY)
        px = float(simulation.prices.price("ETHUSDT", simulation.clock.market_ms())) * 0.9
        await done(simulation, messages.PlaceManual("ETHUSDT", "buy", entry_px=round(px, 2), sl_pct=2.0, tp_pct=4.0))
        await done(simulation, messages.CloseAll(cancel_pending=True))

    return scripted(act)


def test_a_closeall_that_cancels_leaves_no_entry() -> None:
    assert not all_closed_beside_an_entry().judge.violations


def test_the_run_finds_it_if_a_closeall_leaves_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    concerned = Marking._concerned

    def positions(marking: Marking, pair: Any, *, pending: bool) -> list[Trade]:
        return concerned(marking, pair, pending=False)

    monkeypatch.setattr(Marking, "_concerned", positions)
    assert "waits after closeall" in all_closed_beside_an_entry().judge.violations

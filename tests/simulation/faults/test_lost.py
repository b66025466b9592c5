"""The store is lost, or a copy of some time ago is put in its place: what the venue tells counts (K18)."""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal

import pytest

from opentrader.domain.trading.lifecycle import Trade
from tests.simulation.faults.given import CLOSE, ENTRY, done, scripted
from tests.simulation.simulation import Simulation

SITUATIONS = {"store lost", "copy restored", "rebuilt, seen"}
TICK = "opentrader.domain.trading.lifecycle.tick"


@pytest.mark.parametrize(("seed", "hours"), [(1, 1.0), (3, 0.6)])
def test_k18_no_run_breaks_a_rule(seed: int, hours: float) -> None:
    """A trade that had been closed after the copy was made was once quarantined, and booked as lost as a whole."""
    verdict = Simulation(seed, hours, "lost stores").run()
    assert not verdict.violations
    assert not SITUATIONS - {name for name, count in verdict.counts.items() if count}


def restored(*, closed: bool) -> list[Trade]:
    """The trades after a copy was restored that was made when the position was being opened, or was open."""
    trades = list[Trade]()

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(30)
        if closed:
            await done(simulation, ENTRY)
            copied = simulation.copied()
            await done(simulation, CLOSE)
        else:
            entering = asyncio.ensure_future(simulation.request(ENTRY))
            await asyncio.sleep(0.12)
            copied = simulation.copied()
            await entering
        simulation.lose_store(*copied)
        await asyncio.sleep(150)
        assert simulation.daemon is not None
        trades.extend(simulation.daemon.snapshot().trades)
        held = await simulation.paper.balances()
        assert held["SOL"].total - simulation.judge.held("SOL") == Decimal(20), "the user's own"

    simulation = scripted(act)
    simulation.judge.closing()
    assert not simulation.judge.violations
    return trades


def test_k18_a_trade_that_was_closed_after_the_copy_is_closed() -> None:
    assert [trade for trade in restored(closed=True) if trade.label not in {"FLAT", "DUST"}] == []


def test_k18_a_position_that_was_opened_after_the_copy_is_protected() -> None:
    assert [trade.label for trade in restored(closed=False)] == ["PROTECTED"]


def test_k18_the_script_finds_it_if_orders_after_the_copy_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[TICK], "caught_up", lambda trade, view, now, settings: trade)
    with pytest.raises(AssertionError):
        test_k18_a_trade_that_was_closed_after_the_copy_is_closed()

"""What must hold when an order leaves, in the instant in which the daemon has looked at its clock and at its gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentrader.domain.trading.exchange import NewList, NewOrder

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

LATE_SECONDS = 2.5  # from the commit of an order to its sending


def judge_sending(simulation: Simulation, order: NewOrder | NewList) -> None:
    waited = (simulation.clock.market_ms() - order.sent_at) / 1000 / simulation.clock.speed
    if waited > LATE_SECONDS:
        simulation.judge.found("sent late", f"{order.cid}, {waited:.1f} s after it was committed")
    if order.side == "buy" and (why := bars(simulation)):
        simulation.judge.found("sent while barred", f"{order.cid}, although {why}")


def bars(simulation: Simulation) -> str:
    """Why no entry may be sent now, as far as it can be seen from outside."""
    assert simulation.daemon is not None
    snapshot = simulation.daemon.snapshot()
    if simulation.weather.now("full"):
        return "the disk is full"
    if simulation.disk.slow():
        return "the disk is slow"
    if snapshot.degraded:
        return "the account could not be read"
    return "trading is halted" if snapshot.control.halted else ""

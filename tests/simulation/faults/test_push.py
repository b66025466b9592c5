"""Push wakes, reads decide: a fill is protected at once, and a stream that lies, lags or falls silent harms nothing."""

from __future__ import annotations

import asyncio

import pytest
from apsw import Connection

from opentrader.actors import messages
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.recovery import reconciliation
from tests.simulation.faults.given import done, scripted
from tests.simulation.simulation import Simulation

PAIR = "SOLUSDT"
STEP = 0.05  # seconds between two looks of the test


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("climate", ["push", "hostile stream", "mixed push"])
def test_k15_no_run_breaks_a_rule(climate: str, seed: int) -> None:
    verdict = Simulation(seed, 0.7, climate).run()
    assert not verdict.violations
    assert verdict.counts["trades"]


def bought(ledger: Connection) -> int:
    return int(ledger.execute("SELECT count(*) FROM trades WHERE side = 'buy'").get)


def until_protected(climate: str) -> float:
    """Seconds from the fill of a resting entry at the venue to its protection there."""
    seconds = list[float]()

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        px = float(simulation.prices.price(PAIR, simulation.clock.market_ms())) * 0.9985
        await done(simulation, messages.PlaceManual(PAIR, "buy", entry_px=round(px, 2), sl_pct=5.0, tp_pct=10.0))
        while not simulation.ledger.read(bought):  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(STEP)
        begun = simulation.loop.time()
        while not await simulation.paper.open_lists():  # noqa: ASYNC110
            await asyncio.sleep(STEP)
        seconds.append(simulation.loop.time() - begun)

    assert not scripted(act, climate).judge.violations
    return seconds[0]


def test_a_fill_that_is_pushed_is_protected_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "RECONCILE_SECONDS", 47.0)  # not with the end of a minute, when prices move
    assert until_protected("push") < 1.0
    monkeypatch.setattr(LifecycleLoop, "told", lambda loop, pair: None)
    assert until_protected("push") > 5.0  # by the sweep of all open orders, at the latest

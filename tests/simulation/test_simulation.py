"""The simulation itself: the same seed is the same run, and its judge sees what it is there for."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pytest

from opentrader.actors.trading import book
from opentrader.domain.trading.exchange import NewOrder
from opentrader.domain.trading.venue import Outcome
from opentrader.store.tables.journal import JournalTable
from tests.paths import REPOSITORY
from tests.simulation.judging.judge import Judge
from tests.simulation.people import People
from tests.simulation.simulation import RigFailed, Simulation
from tests.simulation.weather import CLIMATES, Climate, Weather
from tests.simulation.wire import Wire


def told(seed: int, hashes: int) -> str:
    """What a run in a process of its own prints of its outcome."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--hours", "0.4"]
    environment = os.environ | {"PYTHONHASHSEED": str(hashes)}
    done = subprocess.run(command, check=False, capture_output=True, cwd=REPOSITORY, env=environment, text=True)
    assert "callbacks" in done.stdout, done.stderr
    return done.stdout.split(" in ", 1)[0]


def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    first, again, other = told(3, 1), told(3, 2), told(4, 1)
    assert first == again
    assert first.split()[-1] != other.split()[-1]


def test_a_longer_run_begins_as_a_shorter_one_does() -> None:
    short, long = Simulation(4, 0.3), Simulation(4, 0.6)
    short.run()
    long.run()
    assert short.answers
    assert long.answers[: len(short.answers)] == short.answers


def test_a_calm_day_trades_and_breaks_no_rule() -> None:
    verdict = Simulation(1, 1.0, "calm").run()
    assert verdict.counts["trades"] > 5
    assert verdict.counts["closed"] > 1
    assert not verdict.violations


def test_a_mixed_day_has_something_of_everything() -> None:
    verdict = Simulation(2, 2.0).run()
    seen = {name for name, count in verdict.counts.items() if count}
    assert {"lost", "mute", "stale", "kill"} <= seen
    assert verdict.counts["lives"] == verdict.counts["kill"] + 1 + ("fatal" in {x.kind for x in verdict.violations})


def test_windows_that_overlap_leave_the_weather_as_it_was() -> None:
    simulation = Simulation(1, 0.01, "calm")
    weather = Weather(Climate(), simulation.stream("weather"))
    weather._begin("disk", 1.0)
    weather._begin("disk", 3.0)
    assert weather.commit() == 3.0
    weather._end("disk", 3.0)
    assert weather.commit() == 1.0
    weather._end("disk", 1.0)
    assert weather.commit() == Weather(Climate(), simulation.stream("weather")).commit()


# --- the judge, against daemons and venues that are wrong on purpose ---------------------------------------------


def found(kind: str, seed: int = 1, hours: float = 1.0, climate: str = "calm") -> bool:
    return Simulation(seed, hours, climate).run().first(kind) is not None


@pytest.mark.parametrize("who", [Judge, People])
def test_a_judge_or_a_person_that_fails_ends_the_run(who: type, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: object, *given: object) -> None:
        raise TypeError("of the rig")

    monkeypatch.setattr(who, "watch" if who is Judge else "_entry", fails)
    with pytest.raises(RigFailed) as caught:
        Simulation(1, 0.5, "calm").run()
    assert str(caught.value.__cause__) == "of the rig"


def test_it_sees_an_entry_that_is_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    once = Wire.place

    async def twice(self: Wire, order: NewOrder) -> Outcome:
        if order.type == "MARKET" and order.side == "buy":
            await once(self, order)
        return await once(self, order)

    monkeypatch.setattr(Wire, "place", twice)
    assert found("doubled entry")


def test_it_sees_coins_sold_that_were_not_bought(monkeypatch: pytest.MonkeyPatch) -> None:
    once = Wire.place

    async def more(self: Wire, order: NewOrder) -> Outcome:
        sells = order.type == "MARKET" and order.side == "sell"
        return await once(self, replace(order, qty=order.qty + Decimal("0.01")) if sells else order)

    monkeypatch.setattr(Wire, "place", more)
    assert found("oversold")


def test_it_sees_a_trade_that_is_never_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "next_poll", lambda *given: 10**9)
    assert found("not looked at")


def test_it_sees_an_answer_that_no_journal_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forgotten(self: JournalTable, *trade: object, **facts: object) -> None:
        """Nothing is stored, and nobody is told."""

    monkeypatch.setattr(JournalTable, "save", forgotten)
    monkeypatch.setattr(JournalTable, "commit", forgotten)
    assert found("lost")


def test_every_climate_is_one_that_a_run_survives() -> None:
    for climate in CLIMATES:
        assert Simulation(1, 0.05, climate).run().hours == pytest.approx(0.05)

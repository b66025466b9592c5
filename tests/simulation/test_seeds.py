"""Everything at once, at random: no run breaks a rule."""

from __future__ import annotations

import pytest

from tests.simulation.simulation import Simulation

QUICK, HOURS = 12, 4.0
MANY, DAY = 100, 24.0


def demand_sound(seed: int, hours: float) -> None:
    verdict = Simulation(seed, hours).run()
    first = min(verdict.violations, key=lambda violation: violation.at, default=None)
    assert first is None, f"{first}; python -m tests.simulation --seed {seed} --hours {first.at / 3600 + 0.001:.3f}"


@pytest.mark.parametrize("seed", range(1, QUICK + 1))
def test_no_run_of_some_hours_breaks_a_rule(seed: int) -> None:
    demand_sound(seed, HOURS)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", range(QUICK + 1, QUICK + MANY + 1))
def test_no_run_of_a_day_breaks_a_rule(seed: int) -> None:
    demand_sound(seed, DAY)

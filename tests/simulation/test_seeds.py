"""Everything at once, at random: no run breaks a rule. `make prove` has longer ones, in all climates."""

from __future__ import annotations

import pytest

from tests.simulation.simulation import Simulation

QUICK, HOURS = 12, 4.0


@pytest.mark.parametrize("seed", range(1, QUICK + 1))
def test_no_run_of_some_hours_breaks_a_rule(seed: int) -> None:
    verdict = Simulation(seed, HOURS).run()
    first = min(verdict.violations, key=lambda violation: violation.at, default=None)
    assert first is None, f"{first}; python -m tests.simulation --seed {seed} --hours {first.at / 3600 + 0.001:.3f}"

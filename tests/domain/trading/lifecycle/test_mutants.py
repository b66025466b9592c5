"""Every reading of the rules that loses money is caught; a checker that stops finding one is broken."""

from __future__ import annotations

import pytest

from .explore import explored
from .mutants import EIGHT, READINGS, Mutant, hunted, mutated, shortest
from .scenarios import all_scenarios


@pytest.mark.parametrize("mutant", [*EIGHT, *READINGS], ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught(mutant: Mutant) -> None:
    result = hunted(mutant, until_broken=True)
    assert result.broken
    assert shortest(result).faults <= mutant.faults


def test_a_mutant_leaves_the_real_rules_as_they_were() -> None:
    with mutated(EIGHT[0]):
        pass
    (plain,) = (scenario for scenario in all_scenarios() if scenario.name == "market entry")
    assert not explored(plain, 1).broken


def test_there_are_eight_and_all_readings() -> None:
    names = {mutant.name for mutant in (*EIGHT, *READINGS)}
    assert (len(EIGHT), len(names)) == (8, 8 + len(READINGS))
    assert len(READINGS) >= 12

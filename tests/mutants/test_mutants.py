"""Each mutant is seen by the rig that is named for it; those that take longer are hunted in `make prove`."""

from __future__ import annotations

import re

import pytest

from tests.domain.trading.lifecycle.mutants import EIGHT, READINGS
from tests.mutants.catalog import MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.rigs import Exploration, InTest, Runs
from tests.paths import REPOSITORY

SIMULATED = [mutant for mutant in MUTANTS if isinstance(mutant.rig, Runs) and not mutant.rig.long]


@pytest.mark.parametrize("mutant", SIMULATED, ids=lambda mutant: f"{mutant.kind} {mutant.mutate.__name__}")
def test_a_simulated_run_finds_the_mutant(mutant: Mutant) -> None:
    hunt = mutant.hunt()
    assert hunt.caught, hunt.effort


def test_names_tell_the_mutants_apart() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_all_readings_of_the_rules_are_here() -> None:
    assert sum(isinstance(mutant.rig, Exploration) for mutant in MUTANTS) == len(EIGHT) + len(READINGS)


def test_each_test_that_is_named_exists() -> None:
    named = [mutant.rig.test for mutant in MUTANTS if isinstance(mutant.rig, InTest)]
    for file, name in (test.split("::") for test in named):
        text = (REPOSITORY / file).read_text(encoding="utf-8")
        assert re.search(rf"(?m)^(async )?def {name}\(", text), f"{file}::{name}"

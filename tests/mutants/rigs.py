"""Where mutants are hunted: the exploration, simulated runs, or a test."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Protocol
from unittest.mock import patch

from tests.domain.trading.lifecycle import mutants as of_the_rules
from tests.paths import REPOSITORY
from tests.simulation.judging.judge import Judge, Violation
from tests.simulation.simulation import Simulation

MOST_SEEDS, MOST_HOURS = 20, 2.0


@dataclass(frozen=True, slots=True)
class Hunt:
    """What came of a hunt. `effort`: what it took, in words; `seed` and `violation`: of the run that saw the mutant."""

    caught: bool
    effort: str
    seed: int = 0
    violation: Violation | None = None


class Rig(Protocol):
    def hunt(self) -> Hunt: ...

    def demand_sound(self, hunt: Hunt) -> None:
        """Raise `AssertionError` if the rig finds the same without the mutant."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """Histories of `tick` in the model venue; `mutant` is one of tests/domain/trading/lifecycle/mutants.py."""

    mutant: of_the_rules.Mutant

    def __str__(self) -> str:
        return f"exploration: {', '.join(self.mutant.scenarios)}"

    def hunt(self) -> Hunt:
        result = of_the_rules.hunted(self.mutant, until_broken=True)
        return Hunt(bool(result.broken), f"{result.histories:,} histories" if result.broken else "all histories")

    def demand_sound(self, hunt: Hunt) -> None:
        """The exploration finds nothing without mutants: that is a part of the proof of its own."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Simulated runs in one climate, one seed after the other, until the judge reports a violation of the kind.

    `long`: it takes more than a few seconds, and is left to `make prove`.
    """

    climate: str
    violation: str
    first: int = 1
    hours: float = MOST_HOURS
    long: bool = False

    def __str__(self) -> str:
        return f"simulation: {self.climate}, `{self.violation}`"

    def hunt(self) -> Hunt:
        for seeds, seed in enumerate(range(self.first, self.first + MOST_SEEDS), 1):
            if (found := self.violation_of(seed, self.hours)) is not None:
                tried = f"{seeds} seeds" if seeds > 1 else "1 seed"
                return Hunt(True, f"{tried}, {found.at / 3600:.2f} h", seed, found)
        return Hunt(False, f"{MOST_SEEDS} seeds of {self.hours:g} h")

    def violation_of(self, seed: int, hours: float) -> Violation | None:
        """What a run finds of the kind; it ends there."""
        simulation, found = Simulation(seed, hours, self.climate), Judge.found

        def ending(judge: Judge, kind: str, text: str) -> None:
            found(judge, kind, text)
            if kind == self.violation:
                simulation.loop.stop()

        with patch.object(Judge, "found", ending):
            return simulation.run().first(self.violation)

    def demand_sound(self, hunt: Hunt) -> None:
        if hunt.violation is not None:
            hours = hunt.violation.at / 3600 + 0.002
            assert self.violation_of(hunt.seed, hours) is None, f"seed {hunt.seed} shows it without the mutant"


@dataclass(frozen=True, slots=True)
class InTest:
    """A test that brings the fault back itself, and passes if it is seen."""

    test: str

    def __str__(self) -> str:
        return f"`{self.test}`"

    def hunt(self) -> Hunt:
        options = ("--quiet", "-p", "no:cacheprovider", "--timeout", "900")
        command = [sys.executable, "-m", "pytest", *options, self.test]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False, text=True)
        return Hunt(done.returncode == 0, "1 test" if done.returncode == 0 else done.stdout)

    def demand_sound(self, hunt: Hunt) -> None:
        """The test does so itself: what it brings the fault back into passes in the suite."""

"""What is proved: parts, and the pieces of each that run by themselves."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.domain.trading.lifecycle.scenarios import all_scenarios
from tests.mutants.catalog import MUTANTS
from tests.paths import REPOSITORY
from tests.simulation.weather import CLIMATES

FIRST_SEED = 101  # no test uses the seeds from here on
LONGEST = "tests/repository/test_packaging.py"  # it begins first, or all would wait for it at the end


@dataclass(frozen=True, slots=True)
class Piece:
    """A command, the arguments of a Python, that exits with 0 if what it examines holds."""

    name: str
    command: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(("python", *self.command))


@dataclass(frozen=True, slots=True)
class Part:
    """`counted` finds in the output of a piece how many `unit` it examined; all pieces together need `least`."""

    name: str
    what: str
    pieces: tuple[Piece, ...]
    counted: str
    unit: str
    least: int = 1

    def count(self, outputs: Iterable[str]) -> int:
        found = (match for output in outputs for match in re.findall(self.counted, output))
        return sum(int(match.replace(",", "")) for match in found)


def slow_files() -> list[str]:
    files = sorted((REPOSITORY / "tests").rglob("test_*.py"))
    slow = [path for path in files if "pytest.mark.slow" in path.read_text(encoding="utf-8")]
    return sorted((path.relative_to(REPOSITORY).as_posix() for path in slow), key=lambda name: name != LONGEST)


def slow_tests() -> Part:
    options = ("-m", "slow", "--hypothesis-profile", "prove", "--timeout", "1800")
    pieces = (Piece(file, ("-m", "pytest", "--quiet", *options, file)) for file in slow_files())
    what = "the slow tests, by file, with many more random examples"
    return Part("tests", what, tuple(pieces), r"(?m)^(\d+) passed", "tests")


def exploration() -> Part:
    explorer = ("-m", "tests.domain.trading.lifecycle", "--workers", "1", "--only")
    pieces = tuple(Piece(scenario.name, (*explorer, scenario.name)) for scenario in all_scenarios())
    what = "every history of the lifecycle with up to two faults, by scenario"
    return Part("exploration", what, pieces, r"([\d,]+) histories of", "histories", least=300_000)


def climates() -> Iterator[str]:
    """Every other run is mixed, and the runs between take the other climates in turn."""
    while True:
        for climate in CLIMATES:
            if climate != "mixed":
                yield "mixed"
                yield climate


def simulation(seeds: int, hours: float) -> Part:
    runs = zip(range(FIRST_SEED, FIRST_SEED + seeds), climates(), strict=False)
    pieces = tuple(
        Piece(
            f"seed {seed}, {climate}, {hours:g} h",
            ("-m", "tests.simulation", "--seed", str(seed), "--hours", f"{hours:g}", "--climate", climate),
        )
        for seed, climate in runs
    )
    what = f"{seeds} simulated runs of {hours:g} hours, in all climates, with seeds that no test uses"
    return Part("simulation", what, pieces, r"closed ([\d,]+)", "closed trades")


def kills() -> Part:
    """100 kills, 30 of them far from the exchange, and 30 power cuts, ten in a data folder."""
    far = ("--kills", "10", "--wire", "latency_ms=300")
    ways = [*[("--kills", "10")] * 7, *[far] * 3, *[("--power-cuts", "10")] * 3]
    pieces = tuple(
        Piece(f"{' '.join(way)}, seed {seed}", ("-m", "tests.crash", *way, "--seed", str(seed)))
        for seed, way in enumerate(ways, FIRST_SEED)
    )
    what = "a real daemon under four clients: 100 kills, 30 of them with an exchange far away, and 30 power cuts"
    return Part("kills", what, pieces, r"(?m)^(\d+) kills, \d+ of them", "kills", least=130)


def mutants() -> Part:
    pieces = tuple(Piece(mutant.name, ("-m", "tests.mutants", "--only", mutant.name)) for mutant in MUTANTS)
    what = "each mutant, hunted by the rig that is named for it"
    return Part("mutants", what, pieces, r"caught (\d+) mutant", "mutants", least=len(MUTANTS))


def all_parts(seeds: int, hours: float) -> tuple[Part, ...]:
    return slow_tests(), exploration(), simulation(seeds, hours), mutants(), kills()

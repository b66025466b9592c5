"""`python -m tests.domain.trading.lifecycle`: explore all scenarios with the real `tick`, then catch the mutants.

Prints histories, states, what was broken with the shortest history of each, the worst time without an exit, and an
md5 of all of it but the times: two runs agree. Exit status 1 when an invariant is broken or a mutant is missed.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from .explore import Explored, Finding, explored, together
from .mutants import EIGHT, READINGS, Mutant, hunted_by_name, shortest
from .scenarios import all_scenarios
from .world import SETTINGS, H, R, Scenario, X


def told(finding: Finding) -> Iterator[str]:
    yield f"    {finding.broken}, {finding.faults} faults, at second {finding.second} of: {finding.scenario}"
    yield from (f"        {event}" for event in finding.events)


def row(scenario: Scenario, result: Explored) -> Iterator[str]:
    yield f"{result.histories:>9,} {result.states:>9,}  {scenario.name}{'  BROKEN' if result.broken else ''}"
    for finding in result.shortest.values():
        yield from told(finding)


def summary(scenarios: list[Scenario], results: list[Explored], faults: int) -> Iterator[str]:
    """A scenario that costs time by itself (a part that waits, a market that is closed) is not counted in the worst."""
    total = together(results)
    own = together(result for scenario, result in zip(scenarios, results, strict=True) if not scenario.patience)
    yield f"H = {H} s, R = {R} s, poll {SETTINGS.poll // 1000} s, X = {X} s"
    yield f"{len(scenarios)} scenarios, {total.histories:,} histories of up to {faults} faults, {total.states:,} states"
    yield f"violations: {total.broken.total():,}"
    for spent, bare in sorted(own.worst_bare.items()):
        yield f"worst time without an exit with {spent} faults: {bare} s"
    yield f"transitions seen: {len({pair for pair in total.labels if pair[0] != pair[1]})}"


def caught(mutant: Mutant, result: Explored) -> Iterator[str]:
    verdict = "caught" if result.broken else "MISSED"
    yield f"{verdict}  {mutant.name}: {result.broken.total():,} of {result.histories:,} histories"
    if result.broken:
        yield from told(shortest(result))


def chosen(text: str) -> list[Scenario]:
    """The scenario of this name, or all whose name contains it."""
    named = [scenario for scenario in all_scenarios() if scenario.name == text]
    return named or [scenario for scenario in all_scenarios() if text in scenario.name]


def lines(options: argparse.Namespace) -> Iterator[str]:
    scenarios = chosen(options.only)
    mutants = [] if options.only else [*EIGHT, *READINGS]
    with ProcessPoolExecutor(options.workers, initializer=gc.disable) as pool:  # states are kept, and know no circles
        results: list[Explored] = []
        runs = pool.map(partial(explored, faults=options.faults), scenarios)
        for scenario, result in zip(scenarios, runs, strict=True):
            results.append(result)
            yield from row(scenario, result)
        yield from summary(scenarios, results, options.faults)
        hunts = pool.map(hunted_by_name, [mutant.name for mutant in mutants])
        for mutant, result in zip(mutants, hunts, strict=True):
            yield from caught(mutant, result)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.domain.trading.lifecycle", description=__doc__)
    parser.add_argument("--faults", type=int, default=2, help="at most so many in one history (default 2)")
    parser.add_argument(
        "--only",
        default="",
        metavar="TEXT",
        help="the scenario of this name, or all whose name contains it; no mutants",
    )
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    return parser.parse_args()


def main() -> int:
    digest, failed = hashlib.md5(), False
    for line in lines(arguments()):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        digest.update(line.encode() + b"\n")
        failed = failed or "BROKEN" in line or "MISSED" in line
    sys.stdout.write(f"md5 {digest.hexdigest()}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

"""The exploration with the real `tick`: a short form in every run, the whole of it in `make prove`.

`python -m tests.domain.trading.lifecycle` prints the same figures, and what was found where something breaks.
"""

from __future__ import annotations

from functools import partial

import pytest

from .explore import Explored, explored, replayed, together
from .scenarios import all_scenarios
from .world import Scenario

SCENARIOS = {scenario.name: scenario for scenario in all_scenarios()}
# With two faults even in the short form: an entry, a part that expires, a trail in one request, a lost store.
DEEP = ("market entry, own coins", "limit entry in part, TTL, own coins", "trail at 2, T1", "store lost at 1")


def sound(result: Explored) -> None:
    assert not result.broken, "\n".join(map(str, result.shortest.values()))


def test_names_tell_the_scenarios_apart() -> None:
    assert len(SCENARIOS) == len(all_scenarios())


def test_nothing_breaks_without_a_fault() -> None:
    result = together(map(partial(explored, faults=0), SCENARIOS.values()))
    sound(result)
    assert result.histories > len(SCENARIOS)  # one each, and more where an operator ends a quarantine


def test_nothing_breaks_with_one_fault() -> None:
    every_sixth = [scenario for scenario in SCENARIOS.values() if scenario.most_faults > 1][::6]
    result = together(map(partial(explored, faults=1), every_sixth))
    sound(result)
    assert result.histories > 70 * len(every_sixth)


@pytest.mark.parametrize("name", DEEP)
def test_nothing_breaks_with_two_faults(name: str) -> None:
    result = explored(SCENARIOS[name], 2)
    sound(result)
    assert result.histories > 1_000


def test_the_same_is_found_twice() -> None:
    first, second = (explored(SCENARIOS["close at 2"], 1) for _ in range(2))
    assert first == second


# Histories that once broke something, with the rule that was mended for them. They are played again as they were.
HOLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # An exit taken away by hand was replaced before a lagging history could show the user's sale.
    ("closed by hand at 3, own coins", "FLAT", ("0: entry MK1", "0: list L1", "3: read history lags")),
    # Closed outside soon after the last send: UNPROTECTED -> SWEEPING was missing from the table.
    ("closed by hand at 3", "FLAT", ("0: entry MK1", "0: list L1 refused", "1: list L1", "3: read history lags")),
    # A history that failed made a hand-made close look like base that had vanished.
    ("closed by hand at 3", "FLAT", ("0: entry MK1", "0: list L1 is lost", "8: read no history")),
    # A rebuilt trade gave up its list for a better one while it was not allowed to place anything.
    ("store lost at 7, limit in parts", "PROTECTED", ("0: entry MT1", "5: list L1", "8: read fails")),
    # What the first daemon had sent arrived after the rebuild: UNPROTECTED -> PROTECTED was missing from the table.
    ("store lost at 1", "PROTECTED", ("0: entry MK1", "0: list L1 arrives 3 s late")),
)


@pytest.mark.parametrize(("name", "label", "events"), HOLES)
def test_a_history_that_once_broke_a_rule_ends_well(name: str, label: str, events: tuple[str, ...]) -> None:
    scenario: Scenario = SCENARIOS[name]
    faults = sum(not plain(event) for event in events)
    world, broken = replayed(scenario, faults, events)
    assert (broken, world.trade.label) == ("", label)


def plain(event: str) -> bool:
    """A request that went well: nothing but its name is told."""
    return len(event.split(": ")[1].split()) == 2 and "read" not in event

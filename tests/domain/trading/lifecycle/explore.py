"""The explorer: every history of a scenario with at most so many faults, equal states met once and counted.

Breadth first, second by second. A state that breaks an invariant is reported with the choices that led to it and not
followed any further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .daemon import DECIDED, lived
from .judge import at_the_end, during
from .world import Scenario, World, aged, begun, quiet

Path = tuple[object, ...]  # (the path before, event), or ()


class Finding(NamedTuple):
    """An invariant that a history breaks, with what happened."""

    scenario: str
    broken: str
    faults: int
    second: int
    events: tuple[str, ...]


@dataclass(slots=True)
class Explored:
    """`worst_bare`: by number of faults, the longest that a holding was without an exit, in seconds."""

    histories: int = 0
    states: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    shortest: dict[str, Finding] = field(default_factory=dict)
    worst_bare: dict[int, int] = field(default_factory=dict)
    labels: set[tuple[str, str]] = field(default_factory=set)

    def add(self, other: Explored) -> None:
        self.histories += other.histories
        self.states += other.states
        self.broken.update(other.broken)
        self.labels |= other.labels
        for faults, bare in other.worst_bare.items():
            self.worst_bare[faults] = max(self.worst_bare.get(faults, 0), bare)
        for finding in other.shortest.values():
            self.keep(finding)

    def keep(self, finding: Finding) -> None:
        known = self.shortest.get(finding.broken)
        if known is None or (finding.faults, finding.second) < (known.faults, known.second):
            self.shortest[finding.broken] = finding


def unrolled(path: Path) -> tuple[str, ...]:
    events: list[str] = []
    while path:
        path, event = path  # type: ignore[assignment]  # a tuple cannot be typed as holding itself
        events.append(event)  # type: ignore[arg-type]  # an event is a text, see `Path`
    return tuple(reversed(events))


def extended(path: Path, events: tuple[str, ...]) -> Path:
    for event in events:
        path = (path, event)
    return path


class Exploration:
    """One scenario on its way. `follow`: only the history with these events, and no fault after them."""

    def __init__(self, scenario: Scenario, faults: int, follow: tuple[str, ...] | None = None) -> None:
        self.scenario, self.faults, self.follow = scenario, faults, follow
        self.level: dict[World, tuple[int, Path]] = {begun(scenario, faults): (1, ())}
        self.result = Explored()
        self.last: World | None = None

    def run(self, until_broken: bool = False) -> Explored:
        for second in range(self.scenario.ends_at + 1):
            self.live(second)
            if until_broken and self.result.broken:
                return self.result
        for world, (count, path) in self.level.items():
            self.end(world, at_the_end(self.scenario, world), self.scenario.ends_at, count, path)
        return self.result

    def live(self, second: int) -> None:
        before, self.level = self.level, {}
        DECIDED.clear()  # of the second before, of another scenario, or of a mutant
        for world, (count, path) in before.items():
            for after, events in lived(self.scenario, world, second):
                longer = extended(path, events)
                if self.follow is None or self.followed(longer, after):
                    self.result.states += 1
                    self.met(world, after, second, count, longer)

    def followed(self, path: Path, world: World) -> bool:
        assert self.follow is not None
        events = unrolled(path)
        told = events[: len(self.follow)] == self.follow[: len(events)]
        return told and (len(events) <= len(self.follow) or world.faults == 0)

    def met(self, before: World, world: World, second: int, count: int, path: Path) -> None:
        """Judges a state, and keeps it for the next second unless it is decided or as it was met before."""
        world, broken = during(self.scenario, world, second)
        spent = self.faults - world.faults
        self.result.worst_bare[spent] = max(self.result.worst_bare.get(spent, 0), world.bare)
        self.result.labels.add((before.trade.label, world.trade.label))
        if broken:
            self.end(world, broken, second, count, path)
        elif quiet(self.scenario, world, second):
            self.end(world, at_the_end(self.scenario, world), second, count, path)
        else:
            world = aged(world)
            known = self.level.get(world)
            self.level[world] = (known[0] + count, known[1]) if known else (count, path)

    def end(self, world: World, broken: str, second: int, count: int, path: Path) -> None:
        if self.follow is not None and world.faults:
            return  # it left the path by doing without a fault
        self.last = world
        self.result.histories += count
        if broken:
            self.result.broken[broken] += count
            spent = self.faults - world.faults
            self.result.keep(Finding(self.scenario.name, broken, spent, second, unrolled(path)))


def explored(scenario: Scenario, faults: int = 2, until_broken: bool = False) -> Explored:
    return Exploration(scenario, min(faults, scenario.most_faults)).run(until_broken)


def replayed(scenario: Scenario, faults: int, events: tuple[str, ...]) -> tuple[World, str]:
    """One history again: how it ends, and what it breaks ('' if nothing)."""
    exploration = Exploration(scenario, faults, events)
    result = exploration.run()
    assert exploration.last is not None, "this history cannot happen any more"
    assert result.histories == 1, f"{result.histories} histories begin like this"
    return exploration.last, next(iter(result.broken), "")


def together(results: Iterable[Explored]) -> Explored:
    total = Explored()
    for each in results:
        total.add(each)
    return total

"""Timing what is to be compared in turns, so that a noisy machine disturbs both alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter, thread_time

from bench.row import Figure, Target

Call = Callable[[], object]
Clock = Callable[[], float]

WALL: Clock = perf_counter
OWN_CPU: Clock = thread_time
"""For pure computation: what other programs do on the same cores does not count."""

SHORTEST_SECONDS = 0.005  # of one repeat: well above the grain of any clock
MOST_LOOPS = 100_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds (or whatever was counted), one value a repeat."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Sample:
        return cls(tuple(values))

    @property
    def median(self) -> float:
        return median(self.values)

    def minus(self, other: Sample) -> Sample:
        """The difference of what was taken in the same repeat: a slow moment of the disk is in both."""
        return Sample(tuple(mine - its for mine, its in zip(self.values, other.values, strict=True)))

    def per(self, count: int) -> Sample:
        """The same for each of `count` things that were done in one repeat."""
        return Sample(tuple(value / count for value in self.values))


def repeats_for(seconds: float) -> int:
    """How many repeats a call of this length is given."""
    if seconds > 10.0:
        return 3
    if seconds > 1.0:
        return 5
    return 15 if seconds > 0.05 else 31


def interleaved(calls: Mapping[str, Call], *, clock: Clock = WALL, repeats: int | None = None) -> dict[str, Sample]:
    """Seconds a call, by name. Each repeat calls all of them, and another one goes first each time.

    A fast call is repeated within a repeat. The first call of each, which may compile or import, is not counted.
    """
    firsts = {name: _first(call, clock) for name, call in calls.items()}
    loops = {name: _loops(seconds) for name, seconds in firsts.items()}
    count = repeats or repeats_for(sum(firsts[name] * loops[name] for name in calls))
    return in_turns({name: partial(_timed, call, loops[name], clock) for name, call in calls.items()}, count)


def in_turns(readings: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, Sample]:
    """What each reading returns, by name. Each repeat takes all of them, and another one goes first each time."""
    values: dict[str, list[float]] = {name: [] for name in readings}
    for number in range(repeats):
        for name in _rotated(list(readings), number):
            values[name].append(readings[name]())
    return {name: Sample.of(found) for name, found in values.items()}


def seconds_of(call: Call, clock: Clock = WALL) -> float:
    """How long one call takes."""
    begin = clock()
    call()
    return clock() - begin


def _first(call: Call, clock: Clock) -> float:
    """How long a call takes once it is warm."""
    call()
    return seconds_of(call, clock)


def _loops(seconds: float) -> int:
    return max(1, min(MOST_LOOPS, round(SHORTEST_SECONDS / max(seconds, 1e-9))))


def _timed(call: Call, loops: int, clock: Clock) -> float:
    begin = clock()
    for _ in range(loops):
        call()
    return (clock() - begin) / loops


def _rotated(names: list[str], by: int) -> list[str]:
    start = by % len(names)
    return names[start:] + names[:start]


def times_as_fast(name: str, ours: Sample, anchor: Sample, target: Target | None = None) -> Figure:
    """How many times as long the anchor takes: more is better."""
    return _ratio(name, ours, anchor, anchor.median / ours.median, target)


def times_the_cost(name: str, ours: Sample, anchor: Sample, target: Target | None = None) -> Figure:
    """How many times as long ours takes: less is better."""
    return _ratio(name, ours, anchor, ours.median / anchor.median, target)


def _ratio(name: str, ours: Sample, anchor: Sample, value: float, target: Target | None) -> Figure:
    repeats = min(len(ours.values), len(anchor.values))
    return Figure(name, value, "x", target, ours=ours.median, anchor=anchor.median, repeats=repeats)


def takes(name: str, ours: Sample, target: Target | None = None) -> Figure:
    """A duration that is judged as it is, in seconds."""
    return Figure(name, ours.median, "s", target, repeats=len(ours.values))

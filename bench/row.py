"""A row of the table: what is measured, its figures, and whether each reaches its target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

Verdict = Literal["met", "short", "absent"]
Unit = Literal["x", "s", "1/s", "MiB", "%", ""]


class Target(NamedTuple):
    """The bound that a value has to reach, from above or from below."""

    bound: float
    at_least: bool

    def met_by(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


def at_least(bound: float) -> Target:
    return Target(bound, at_least=True)


def at_most(bound: float) -> Target:
    return Target(bound, at_least=False)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. Without a target it informs and is not judged.

    `ours` and `anchor` are the absolute medians behind the value, in `scale`. Without a value, `reason` says why
    there is none.
    """

    name: str
    value: float | None
    unit: Unit = "x"
    target: Target | None = None
    ours: float | None = None
    anchor: float | None = None
    scale: Unit = "s"
    repeats: int = 1
    reason: str = ""

    @property
    def verdict(self) -> Verdict | None:
        if self.target is None:
            return None
        if self.value is None:
            return "absent"
        return "met" if self.target.met_by(self.value) else "short"


def absent(name: str, target: Target, reason: str) -> Figure:
    """A figure that has a target but nothing to measure yet."""
    return Figure(name, None, target=target, reason=reason)


def left_to_long(name: str) -> Figure:
    """A figure that takes too long for the short run."""
    return Figure(name, None, reason="measured by `make bench-long`")


class Run(NamedTuple):
    """The context of a row: its own folder on the measured disk, and a way to report progress."""

    folder: Path
    say: Callable[[str], None]
    long: bool = False


Measure = Callable[[Run], Iterator[Figure]]


@dataclass(frozen=True, slots=True)
class Row:
    """One path of the product, measured against its anchor. Without `measure`, `absent` tells what is missing."""

    key: str
    what: str
    anchor: str
    target: str
    note: str = ""
    measure: Measure | None = None
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What measuring a row gave, and the machine's load after it. `failure` is the error that ended it."""

    row: Row
    figures: tuple[Figure, ...] = ()
    seconds: float = 0.0
    load: float = 0.0
    failure: str = ""

    @property
    def verdict(self) -> Verdict:
        """`met` when every figure is and nothing failed, `absent` when none could be measured."""
        verdicts = {figure.verdict for figure in self.figures} - {None}
        if verdicts <= {"absent"}:
            return "absent"
        return "met" if verdicts == {"met"} and not self.failure else "short"

    @property
    def reason(self) -> str:
        """Why there is no figure."""
        return self.failure or self.row.absent

"""This run against an earlier one: what got slower."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bench.document import Document
from bench.row import Figure
from bench.text import amount

TOLERANCE = 0.2
"""Ratios of two runs on a shared machine differ by a tenth or so; this is more."""


class Change(NamedTuple):
    """A figure of both runs. `factor`: how many times as good it is now; below 1 it got worse."""

    key: str
    before: Figure
    now: Figure
    factor: float

    @property
    def regressed(self) -> bool:
        return self.factor < 1 - TOLERANCE

    def __str__(self) -> str:
        word = "REGRESSION" if self.regressed else "better" if self.factor > 1 + TOLERANCE else "same"
        before, now = (amount(figure.value, figure.unit) for figure in (self.before, self.now))
        return f"{self.key} {self.now.name}: {before} -> {now} ({word})"


def changes(before: Document, now: Document) -> Iterator[Change]:
    """Every judged figure that both runs have. What is no ratio is compared on the same machine only."""
    alike = _hardware(before) == _hardware(now)
    known = {(result.row.key, figure.name): figure for result in before.results for figure in result.figures}
    for result in now.results:
        for figure in result.figures:
            old = known.get((result.row.key, figure.name))
            if old is not None and (alike or figure.unit == "x") and (factor := _factor(old, figure)) is not None:
                yield Change(result.row.key, old, figure, factor)


def _hardware(document: Document) -> tuple[object, object]:
    return document.machine["cpu"], document.machine["cores"]


def _factor(before: Figure, now: Figure) -> float | None:
    if now.target is None or not before.value or not now.value:
        return None
    return now.value / before.value if now.target.at_least else before.value / now.value

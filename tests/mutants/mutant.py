"""Mutants: the real code with one thing changed that would cost money, and the rig that must see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.mutants.rigs import Hunt, InTest, Rig

Mutate = Callable[[pytest.MonkeyPatch], None]


def nothing(patch: pytest.MonkeyPatch) -> None:
    """The rig itself brings the fault back."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`kind`: the rule that it breaks, as docs/reliability.md numbers them. `name` says what it changes."""

    kind: str
    name: str
    rig: Rig
    mutate: Mutate = nothing

    def hunt(self) -> Hunt:
        """Whether the rig sees it. The code is as it was afterwards."""
        with pytest.MonkeyPatch.context() as patch:
            self.mutate(patch)
            hunt = self.rig.hunt()
        self.rig.demand_sound(hunt)
        return hunt


class Collected:
    """Mutants in the order in which they are written down."""

    def __init__(self) -> None:
        self.mutants: list[Mutant] = []

    def caught_by(self, kind: str, rig: Rig) -> Callable[[Mutate], Mutate]:
        """Take a function for a mutant; its docstring is the name."""

        def take(mutate: Mutate) -> Mutate:
            assert mutate.__doc__ is not None
            self.mutants.append(Mutant(kind, mutate.__doc__.strip().rstrip("."), rig, mutate))
            return mutate

        return take

    def in_test(self, kind: str, name: str, test: str) -> None:
        """A test brings the fault back itself, and demands that it is seen."""
        self.mutants.append(Mutant(kind, name, InTest(test)))

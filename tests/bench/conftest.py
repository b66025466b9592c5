"""Rows, results and documents made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.document import Document
from bench.row import Figure, Result, Row, at_least


def made_row(key: str = "P1", **changes: Any) -> Row:
    return Row(**{"key": key, "what": "a path", "anchor": "an anchor", "target": ">= 2x"} | changes)


@pytest.fixture
def document() -> Callable[..., Document]:
    """`document(3.0)`: a run of one row with one figure of that value, which should be 2 at least."""

    def make(value: float | None = 3.0, *, cpu: str = "a CPU", **changes: Any) -> Document:
        figure = Figure(
            **{"name": "all", "value": value, "target": at_least(2.0), "ours": 1.0, "anchor": 3.0} | changes
        )
        machine = {"cpu": cpu, "cores": 2, "system": "Linux", "load": 0.1, "python": "3.11", "packages": {"numba": "1"}}
        return Document(machine, "2026-01-01", "abc", (Result(made_row(), (figure,), 1.5),))

    return make

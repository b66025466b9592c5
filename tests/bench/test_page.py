"""docs/performance.md says what docs/performance.json holds."""

from __future__ import annotations

from bench import catalog
from bench.document import read
from bench.page import KEPT, PAGE, renewed


def test_the_page_is_made_from_the_results() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert renewed(read(KEPT), text) == text, "run `python -m bench.page`"


def test_every_row_is_on_the_page() -> None:
    keys = [result.row.key for result in read(KEPT).results]
    assert keys == list(catalog.MODULES)
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for key in keys:
        (line,) = [line for line in lines if line.startswith(f"| {key} |")]
        assert line.endswith(("| met |", "| short |", "| absent |"))

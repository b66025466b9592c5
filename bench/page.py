"""Write the tables of docs/performance.md from the results in docs/performance.json.

    python -m bench.page                                          after a change of the layout
    python -m bench.page build/bench.json build/bench-long.json   with new results, which it keeps

Of a row that is in several files the last counts. A test runs it on the files as they are and finds nothing to change.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path

from bench.document import Document, encoded, read
from bench.report import figures, machine_line, spent, table
from bench.row import Result

DOCS = Path(__file__).resolve().parents[1] / "docs"
KEPT = DOCS / "performance.json"
PAGE = DOCS / "performance.md"


def tables(document: Document) -> str:
    """The machine, a line a row, and a section for each row."""
    sections = (line for result in document.results for line in _section(result))
    return "\n".join((machine_line(document), "", *table(document), "", *sections))


def _section(result: Result) -> Iterator[str]:
    row = result.row
    yield f"## {row.key}: {row.what}"
    yield ""
    yield f"Target: {row.target}. Measured against: {row.anchor or 'nothing, the value counts as it is'}."
    yield f"Verdict: **{result.verdict}**. {row.note or result.reason}"
    yield ""
    if result.figures:
        yield f"Measured in {spent(result)}."
        yield ""
        yield from figures(result)
        yield ""


def renewed(document: Document, text: str) -> str:
    """The text of the page with its generated part renewed."""
    mark = re.compile(r"(<!-- generated -->\n).*(<!-- end -->)", re.DOTALL)
    return mark.sub(lambda match: f"{match[1]}{tables(document)}{match[2]}", text)


def main(arguments: Sequence[str]) -> None:
    parser = ArgumentParser(prog="python -m bench.page", description="Write docs/performance.md from results.")
    parser.add_argument(
        "results", nargs="*", type=Path, help="JSON of `python -m bench`; kept in docs/performance.json"
    )
    results = parser.parse_args(arguments).results
    if results:
        KEPT.write_bytes(encoded(reduce(Document.with_rows_of, map(read, results))))
    PAGE.write_text(renewed(read(KEPT), PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

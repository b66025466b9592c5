"""Verdicts, and the shape of what is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.document import Document, NotADocument, encoded, parsed, read
from bench.report import markdown
from bench.row import Figure, Result, absent, at_least, at_most, left_to_long
from bench.text import amount, bound, summary
from tests.bench.conftest import made_row

GOOD = Figure("good", 3.0, target=at_least(2.0))
BAD = Figure("bad", 3.0, target=at_most(2.0))
NONE = absent("none", at_least(1.0), "no such path")
UNJUDGED = Figure("unjudged", 3.0)


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ((GOOD,), "met"),
        ((GOOD, UNJUDGED, left_to_long("later")), "met"),
        ((GOOD, BAD), "short"),
        ((GOOD, NONE), "short"),
        ((NONE,), "absent"),
        ((), "absent"),
        ((UNJUDGED,), "absent"),
    ],
)
def test_a_row_is_met_when_all_its_figures_are(figures: tuple[Figure, ...], verdict: str) -> None:
    assert Result(made_row(), figures).verdict == verdict


def test_a_row_that_failed_is_never_met() -> None:
    assert Result(made_row(), (GOOD,), failure="failed: it broke").verdict == "short"
    assert Result(made_row(), failure="failed: it broke").verdict == "absent"
    assert summary(Result(made_row(), (GOOD,), failure="failed: it broke")) == "failed: it broke"


def test_targets() -> None:
    assert (at_least(2.0).met_by(2.0), at_least(2.0).met_by(1.9)) == (True, False)
    assert (at_most(2.0).met_by(2.0), at_most(2.0).met_by(2.1)) == (True, False)
    assert (UNJUDGED.verdict, NONE.verdict, BAD.verdict) == (None, "absent", "short")


def test_numbers_are_short() -> None:
    assert [amount(value, "s") for value in (2.5e-6, 0.0123, 1.5, 120.0)] == ["2.5 µs", "12.3 ms", "1.5 s", "120 s"]
    assert [amount(value, "x") for value in (0.756, 3.0, 50.0, 1234.5)] == ["0.76x", "3x", "50x", "1,234x"]
    assert (amount(17_000.0, "1/s"), amount(110.0, "MiB"), amount(9.0, "")) == ("17,000/s", "110 MiB", "9")
    assert (bound(at_least(3.0), "x"), bound(at_most(60e-6), "s"), bound(None, "x")) == (">= 3x", "<= 60 µs", "")


def test_a_line_a_row(document: Callable[..., Document]) -> None:
    lines = markdown(document(3.0)).splitlines()
    assert [line for line in lines if line.startswith("| P1 |")] == [
        "| P1 | a path | an anchor | >= 2x | all 3x (>= 2x) | met |"
    ]
    assert "| all | >= 2x | 3x | 1 s | 3 s | 1 | met |" in lines
    assert lines[0].startswith("a CPU, 2 cores, Linux, load 0.1 at the start; Python 3.11, numba 1; commit abc")


def test_a_row_without_a_path_says_what_is_missing(document: Callable[..., Document]) -> None:
    results = (Result(made_row("P9", absent="no such path yet", anchor="a | b")),)
    one = document()
    text = markdown(Document(one.machine, one.at, one.commit, results))
    assert "| P9 | a path | a \\| b | >= 2x | no such path yet | absent |" in text


def test_many_figures_are_counted_and_the_worst_is_named() -> None:
    figures = (*(Figure(f"f{number}", 3.0, target=at_least(2.0)) for number in range(4)), BAD)
    told = summary(Result(made_row(), figures))
    assert told == "4 of 5 figures reach their target; furthest from it: bad 3x (<= 2x)"


def test_json_and_back(document: Callable[..., Document]) -> None:
    for made in (document(3.0), document(None, reason="none"), document(1.0, target=None)):
        assert parsed(encoded(made)) == made


def test_later_rows_take_the_place_of_earlier_ones(document: Callable[..., Document]) -> None:
    first, second = document(1.0), document(2.0)
    known = (Result(made_row("K2")), Result(made_row("P10")))
    more = Document(first.machine, first.at, first.commit, (*known, *first.results))
    assert more.with_rows_of(second).results == (*second.results, *reversed(known))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 99}'])
def test_another_file_is_no_document(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.json").write_text(text)
    with pytest.raises(NotADocument, match=r"file\.json was not written by"):
        read(tmp_path / "file.json")
    with pytest.raises(NotADocument, match="No such file"):
        read(tmp_path / "none.json")

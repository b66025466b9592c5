"""`python -m bench`: what it takes, what it tells, how it ends."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bench import catalog, runner
from bench.__main__ import main
from bench.document import Document, encoded, read
from bench.row import Figure, Row, Run, at_least
from tests.bench.conftest import made_row


def test_every_row_is_there_once() -> None:
    rows = catalog.rows()
    assert [row.key for row in rows] == [*(f"P{number}" for number in range(1, 20) if number != 13), "K14", "K15"]
    assert all(bool(row.measure) != bool(row.absent) for row in rows)
    assert len({catalog.short_name(row.key) for row in rows}) == len(rows)


def test_rows_are_found_by_key_and_by_name_and_come_in_the_order_of_the_table() -> None:
    assert [row.key for row in catalog.rows(["candle", "p10", "P1", "series"])] == ["P1", "P3", "P10"]


def test_an_unknown_row_is_an_error_that_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["P1", "seris"]) == 2
    assert "there is no row 'seris'; did you mean series?" in capsys.readouterr().err
    assert main(["wxyz"]) == 2
    assert "--list" in capsys.readouterr().err


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["P1", "series"]
    assert len(lines) == len(catalog.MODULES)


def test_the_result_is_kept_and_compared(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    document: Callable[..., Document],
) -> None:
    monkeypatch.setattr(catalog, "rows", lambda names: [made_row(measure=two)])
    before, kept, table = tmp_path / "before.json", tmp_path / "made" / "now.json", tmp_path / "now.md"
    options = [f"--scratch={tmp_path / 'scratch'}", f"--json={kept}", f"--markdown={table}", f"--compare={before}"]
    before.write_bytes(encoded(document(2.0)))
    assert main(options) == 0
    assert read(kept).results[0].figures[0].value == 2.0
    assert table.read_text() in capsys.readouterr().out
    before.write_bytes(encoded(document(9.0)))
    assert main(options) == 1
    assert "P1 all: 9x -> 2x (REGRESSION)" in capsys.readouterr().out
    assert list((tmp_path / "scratch").iterdir()) == []


def two(run: Run) -> Iterator[Figure]:
    (run.folder / "a file").touch()
    yield Figure("all", 2.0, target=at_least(2.0))


def broken(run: Run) -> Iterator[Figure]:
    yield Figure("all", 2.0, target=at_least(2.0))
    raise ValueError("it broke\nbadly")


def test_a_row_that_fails_stops_no_other(tmp_path: Path) -> None:
    output = io.StringIO()
    told = Console(file=output, width=200)
    rows: list[Row] = [made_row("P1", measure=broken), made_row("P2", measure=two), made_row("P9", absent="none")]
    first, second, third = runner.measured(rows, tmp_path, told)
    assert (first.verdict, second.verdict, third.verdict) == ("short", "met", "absent")
    assert first.failure.startswith("failed: ValueError: it broke badly (test_command.py:")
    assert first.figures == second.figures
    assert "2/3 P2 scan: met" in output.getvalue()

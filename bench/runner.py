"""Measures rows one after the other, each in its own folder, and reports progress on stderr."""

from __future__ import annotations

import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.status import Status

from bench import machine
from bench.catalog import short_name
from bench.row import Figure, Result, Row, Run

PATIENCE_SECONDS = 2.0


def measured(rows: Sequence[Row], scratch: Path, console: Console, *, long: bool = False) -> Iterator[Result]:
    """The result of each row. A failed row is reported and does not stop the others."""
    for number, row in enumerate(rows, 1):
        title = f"{number}/{len(rows)} {row.key} {short_name(row.key)}"
        with console.status(title) as status:
            result = _result(row, scratch, _speaker(console, status, title), console, long=long)
        console.print(f"{title}: {result.verdict}, {result.seconds:.1f} s")
        yield result


def _speaker(console: Console, status: Status, title: str) -> Callable[[str], None]:
    """What tells of progress: in place on a terminal; elsewhere a line, every few seconds."""
    told_at = 0.0

    def say(text: str) -> None:
        nonlocal told_at
        if console.is_terminal:
            status.update(f"{title}: {text}")
        elif time.monotonic() - told_at > PATIENCE_SECONDS:
            told_at = time.monotonic()
            console.print(f"{title}: {text}")

    return say


def _result(row: Row, scratch: Path, say: Callable[[str], None], console: Console, *, long: bool) -> Result:
    if row.measure is None:
        return Result(row)
    figures: list[Figure] = []
    begin, failure = time.monotonic(), ""
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{row.key}-", dir=scratch.resolve()))
    try:
        figures.extend(row.measure(Run(folder, say, long)))
    except Exception as error:  # noqa: BLE001 - the other rows are still to be measured
        failure = f"failed: {type(error).__name__}: {' '.join(str(error).split())[:300]} ({_place(error)})"
        console.print_exception()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Result(row, tuple(figures), time.monotonic() - begin, machine.load(), failure)


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"

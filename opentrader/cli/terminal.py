"""Writes to the terminal: JSON, progress bars, notes on stderr, errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentrader.errors import OpentraderError

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """A progress bar on stderr, if it is a terminal; the yielded function advances it by one."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    shown_on = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=shown_on, transient=True, disable=not shown_on.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda symbol: bar.update(task, advance=1, description=f"{title}: {symbol}")


def note(lines: Iterable[str]) -> None:
    """Print notes on stderr, so that piped output stays clean."""
    for line in lines:
        print(line, file=sys.stderr)


def wants_json(asked: bool) -> bool:
    """JSON is printed on request, and into a pipe or a file."""
    return asked or not sys.stdout.isatty()


def print_json(value: object) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def complain(error: OpentraderError) -> None:
    lines = error.detail.splitlines()
    print(f"opentrader: {lines[0]}" if len(lines) == 1 else "\n  ".join(("opentrader:", *lines)), file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)

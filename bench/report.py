"""The table of a run: Markdown for files and pipes, colors for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table

from bench.document import Document
from bench.row import Figure, Result
from bench.text import amount, bound, measured, summary

HEAD = ("row", "path", "anchor, same run", "target", "measured", "verdict")
DETAIL = ("figure", "target", "measured", "ours", "anchor", "repeats", "verdict")
_COLORS = {"met": "green", "short": "red", "absent": "yellow"}


def markdown(document: Document) -> str:
    """The machine, a line a row, and under it all figures of each row."""
    return "\n".join((machine_line(document), "", *table(document), "", *details(document.results)))


def machine_line(document: Document) -> str:
    """One paragraph on where the figures come from."""
    machine = document.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, load {machine['load']} at the start;"
        f" Python {machine['python']}, {packages}; commit {document.commit}, {document.at}."
    )


def table(document: Document) -> Iterator[str]:
    """A line a row, which begins with its key and ends with its verdict."""
    yield _line(HEAD)
    yield "|---" * len(HEAD) + "|"
    for result in document.results:
        row = result.row
        yield _line((row.key, row.what, row.anchor or "-", row.target, summary(result), result.verdict))


def details(results: Iterable[Result]) -> Iterator[str]:
    """All figures of the rows that have more to show than their line."""
    for result in results:
        if result.figures:
            yield f"**{result.row.key}** {result.row.what} ({spent(result)})"
            yield ""
            yield from figures(result)
            yield ""


def spent(result: Result) -> str:
    """How long a row took, and how busy the machine was."""
    return f"{result.seconds:.0f} s, load {result.load:g}"


def figures(result: Result) -> Iterator[str]:
    """The table of one row's figures."""
    yield _line(DETAIL)
    yield "|---" * len(DETAIL) + "|"
    yield from (_line(_cells(figure)) for figure in result.figures)


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        bound(figure.target, figure.unit),
        measured(figure),
        amount(figure.ours, figure.scale),
        amount(figure.anchor, figure.scale),
        str(figure.repeats) if figure.value is not None else "",
        figure.verdict or "",
    )


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def show(console: Console, document: Document) -> None:
    """The same for eyes."""
    console.print(machine_line(document), style="dim")
    console.print(_rows(document.results))
    console.print(_all_figures(document.results))


def _rows(results: Iterable[Result]) -> Table:
    found = Table("row", "path", "target", "measured", "verdict")
    for result in results:
        found.add_row(result.row.key, result.row.what, result.row.target, summary(result), _colored(result.verdict))
    return found


def _all_figures(results: Iterable[Result]) -> Table:
    found = Table("row", *DETAIL)
    for result in results:
        for figure in result.figures:
            *cells, verdict = _cells(figure)
            found.add_row(result.row.key, *cells, _colored(verdict))
        if result.figures:
            found.add_section()
    return found


def _colored(verdict: str) -> str:
    return f"[{_COLORS[verdict]}]{verdict}[/]" if verdict else ""

"""A run as JSON and back: what is kept, compared and made into documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bench.row import Figure, Result, Row, Target

FORMAT = 1
_ROW = ("key", "what", "anchor", "target", "note", "absent")


class NotADocument(Exception):
    """A file that is no run of this benchmark."""


@dataclass(frozen=True, slots=True)
class Document:
    """A run: where and when it was measured, and its rows."""

    machine: Mapping[str, Any]
    at: str
    commit: str
    results: tuple[Result, ...] = field(default_factory=tuple)

    def with_rows_of(self, other: Document) -> Document:
        """The rows of both, with the rows of `other` replacing equal ones, in the order of the table."""
        rows = {result.row.key: result for result in (*self.results, *other.results)}
        return Document(other.machine, other.at, other.commit, tuple(sorted(rows.values(), key=_number)))


def _number(result: Result) -> tuple[bool, int]:
    """The performance rows come before those that are named after a rule of the trading core."""
    return result.row.key[0] != "P", int(result.row.key[1:])


def encoded(document: Document) -> bytes:
    """The document as JSON text."""
    payload = {
        "format": FORMAT,
        "at": document.at,
        "commit": document.commit,
        "machine": document.machine,
        "rows": [_row(result) for result in document.results],
    }
    return orjson.dumps(payload, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _row(result: Result) -> dict[str, Any]:
    return {
        **{name: getattr(result.row, name) for name in _ROW},
        "verdict": result.verdict,
        "seconds": round(result.seconds, 1),
        "load": result.load,
        "failure": result.failure,
        "figures": [_figure(figure) for figure in result.figures],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    target = figure.target and {"bound": figure.target.bound, "at_least": figure.target.at_least}
    return {**asdict(figure), "target": target, "verdict": figure.verdict}


def read(path: Path) -> Document:
    """The document in a file. Raises `NotADocument`."""
    try:
        return parsed(path.read_bytes())
    except OSError as error:
        raise NotADocument(f"{path}: {error.strerror}") from None
    except (KeyError, TypeError, ValueError):
        raise NotADocument(f"{path} was not written by `python -m bench --json`") from None


def parsed(text: bytes) -> Document:
    payload = orjson.loads(text)
    if payload["format"] != FORMAT:
        raise ValueError(payload["format"])
    return Document(payload["machine"], payload["at"], payload["commit"], tuple(_results(payload["rows"])))


def _results(rows: Iterable[Mapping[str, Any]]) -> Iterable[Result]:
    for payload in rows:
        row = Row(**{name: payload[name] for name in _ROW})
        yield Result(
            row, tuple(map(_parsed_figure, payload["figures"])), payload["seconds"], payload["load"], payload["failure"]
        )


def _parsed_figure(payload: Mapping[str, Any]) -> Figure:
    values = {name: value for name, value in payload.items() if name != "verdict"}
    return Figure(**{**values, "target": payload["target"] and Target(**payload["target"])})

"""The rows in the order of the table."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module

from bench.row import Row

MODULES = {
    "P1": "analysis.series",
    "P2": "analysis.scan",
    "P3": "analysis.candle",
    "P4": "analysis.klines",
    "P5": "http.reads",
    "P6": "http.command",
    "P7": "actors.ask",
    "P8": "http.trade",
    "P9": "actors.price_ticks",
    "P10": "store.commit",
    "P11": "process.start",
    "P12": "process.first_analysis",
    "P14": "process.memory",
    "P15": "process.recovery",
    "P16": "store.log",
    "P17": "analysis.replay",
    "P18": "process.waiting",
    "P19": "http.stream",
    "K14": "exchange.far",
    "K15": "exchange.weight",
}


class UnknownRow(Exception):
    """A name that no row has."""


def rows(names: Iterable[str] = ()) -> list[Row]:
    """The rows of these keys or names, in the order of the table; without any, all. Raises `UnknownRow`."""
    wanted = {_key(name) for name in names} or set(MODULES)
    return [_row(key) for key in MODULES if key in wanted]


def _key(name: str) -> str:
    names = {key.lower(): key for key in MODULES} | {short_name(key): key for key in MODULES}
    try:
        return names[name.lower()]
    except KeyError:
        close = get_close_matches(name.lower(), names, 1)
        advice = f"did you mean {close[0]}?" if close else "`python -m bench --list` shows them all"
        raise UnknownRow(f"there is no row {name!r}; {advice}") from None


def short_name(key: str) -> str:
    """What a row is called on the command line besides its key: the name of its module."""
    return MODULES[key].rpartition(".")[2].replace("_", "-")


def _row(key: str) -> Row:
    row: Row = import_module(f"bench.rows.{MODULES[key]}").ROW
    return row

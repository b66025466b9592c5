"""Answers with garbage in one place: a number that is none, a wrong type, a name that cannot be stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any

D = Decimal
NO_DECIMALS: tuple[Any, ...] = (
    "1",
    1,
    1.0,
    D("NaN"),
    D("sNaN"),
    D("Infinity"),
    D(-1),
    D("1E+400"),
    D("1E-400"),
    [],
    {},
    b"1",
)
NO_INTEGERS: tuple[Any, ...] = (None, "1", 1.0, -1, 1_700_000_000, 10**18, True, D("NaN"), [])
NO_TEXTS: tuple[Any, ...] = (None, 7, b"x", [], {}, "\ud800", "x" * 300)
NO_FLAGS: tuple[Any, ...] = (None, 1, "x", [])
NO_CONTAINERS: tuple[Any, ...] = (None, 7, [], "xy", object())
OPTIONAL = frozenset({"px", "stop_px", "band", "report"})
POSITIVE = frozenset({"bid", "ask", "last", "tick", "step", "bid_up", "ask_up"})
CHOSEN = frozenset({"side", "status", "reason"})

Path = tuple[Any, ...]
"""Names of fields, places in tuples and keys of mappings, from the outermost to the place."""


def places(told: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in an answer that can be spoiled, the whole answer first."""
    yield path
    for key, inner in inside(told):
        yield from places(inner, (*path, key))


def inside(told: Any) -> list[tuple[Any, Any]]:
    if is_dataclass(told):
        return [(field.name, getattr(told, field.name)) for field in fields(told)]
    if isinstance(told, Mapping):
        return list(told.items())
    return list(enumerate(told)) if isinstance(told, tuple) else []


def at(told: Any, path: Path) -> Any:
    for key in path:
        told = dict(inside(told))[key]
    return told


def spoiled(told: Any, path: Path, garbage: Any) -> Any:
    """The answer with garbage in one place."""
    if not path:
        return garbage
    inner = spoiled(dict(inside(told))[path[0]], path[1:], garbage)
    if isinstance(told, Mapping):
        return {**told, path[0]: inner}
    if isinstance(told, tuple):
        return (*told[: path[0]], inner, *told[path[0] + 1 :])
    return replace(told, **{path[0]: inner})


def garbage_for(told: Any, path: Path) -> tuple[Any, ...]:
    """What can be no answer in that place, whatever the rest says."""
    value, name = at(told, path), path[-1] if path else ""
    none = () if name in OPTIONAL else (None,)
    if isinstance(value, Decimal):
        return (*none, *NO_DECIMALS, *([D(0)] if name in POSITIVE else []))
    if isinstance(value, bool):
        return NO_FLAGS
    if isinstance(value, int):
        return NO_INTEGERS
    if isinstance(value, str):
        return (*NO_TEXTS, *(["BUY", ""] if name in CHOSEN else []))
    if value is None:
        return tuple(one for one in NO_DECIMALS if name in OPTIONAL)
    return tuple(one for one in NO_CONTAINERS if one is not None or none)


def spoiled_at_random(told: Any, random: Random) -> Any:
    path = random.choice(list(places(told)))
    return spoiled(told, path, random.choice(garbage_for(told, path)))

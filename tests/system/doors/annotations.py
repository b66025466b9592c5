"""What the annotation of a field admits, and values that it does not: read from it without the validator under test.

Where this reading is unsure (a word that may be read as a number), it calls the value admitted, so that the test of
the door does not use it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types as at
from hypothesis import strategies as st
from pydantic import AfterValidator
from pydantic.fields import FieldInfo
from typing_extensions import is_typeddict

CONTAINERS: dict[Any, tuple[type, ...]] = {list: (list, tuple, set), tuple: (list, tuple, set), dict: (dict,)}
SEPARATORS = re.compile("[\x1c-\x1f]")  # `\\s` for Python, and not for the validator
YES_OR_NO = {"0", "1", "t", "f", "y", "n", "true", "false", "yes", "no", "on", "off"}


def admits(kind: Any, value: Any) -> bool:
    """Whether a value, or what may be read from it, is within an annotation."""
    if kind is Any:
        return True
    if kind in {None, NoneType}:
        return value is None
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return admits(parts[0], value) and all(_holds(limit, parts[0], value) for limit in _limits(parts[1:]))
    if origin in {Union, UnionType}:
        return any(admits(part, value) for part in parts)
    if origin is Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    return _is_a(origin or kind, value)


def _is_a(kind: Any, value: Any) -> bool:
    """What is inside a container is not looked at: containers of wrong things are drawn on purpose."""
    if kind in {int, float}:
        number = _number(value)
        return number is not None and _is_finite(kind, number) and (kind is float or number == int(number))
    if kind is bool:
        return value in {0, 1} if isinstance(value, bool | int | float) else str(value).lower() in YES_OR_NO
    if kind is str:
        return isinstance(value, str)
    if is_dataclass(kind) or is_typeddict(kind):
        return isinstance(value, dict if is_typeddict(kind) else kind)
    return isinstance(value, CONTAINERS[kind])


def _number(value: Any) -> float | int | None:
    if isinstance(value, int | float):
        return value
    for kind in (int, float):
        with suppress(ValueError):
            return kind(value) if isinstance(value, str) else None
    return None


def _is_finite(kind: type, number: float | int) -> bool:
    """Integers end nowhere, but for what reads them as floats."""
    if kind is int and isinstance(number, int):
        return True
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _limits(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for one in metadata:
        yield from one.metadata if isinstance(one, FieldInfo) else (one,)
        if isinstance(one, FieldInfo) and one.json_schema_extra:
            assert isinstance(one.json_schema_extra, dict), "shown in the document, checked by a function"


def _holds(limit: Any, kind: Any, value: Any) -> bool:
    number = _number(value) if kind in {int, float} else None
    if isinstance(limit, AfterValidator):
        return _passes(limit.func, value if number is None else number)
    if isinstance(limit, at.MinLen):
        return len(value) >= limit.min_length
    if isinstance(limit, at.MaxLen):
        return len(value) <= limit.max_length
    if (pattern := getattr(limit, "pattern", None)) is not None:
        return re.fullmatch(pattern, SEPARATORS.sub("", value)) is not None
    for name, holds in _BOUNDS.items():
        if (bound := getattr(limit, name, None)) is not None:
            return number is not None and holds(number, bound)
    return not hasattr(limit, "strict") or not isinstance(value, str | float | bool)


_BOUNDS = {
    "gt": lambda number, bound: number > bound,
    "ge": lambda number, bound: number >= bound,
    "lt": lambda number, bound: number < bound,
    "le": lambda number, bound: number <= bound,
}


def _passes(check: Any, value: Any) -> bool:
    try:
        check(value)
    except ValueError:
        return False
    return True


def is_bounded(kind: Any) -> bool:
    """Whether an annotation says more than a type: a limit, a choice, or the shape of what is inside."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return True
    if origin is None:
        return is_dataclass(kind) or is_typeddict(kind)
    return origin is Literal or any(map(is_bounded, parts))


JUNK = (
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**53),
    st.floats(),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -0.5, 2**63]),
    st.text(),
    st.builds(str.__mul__, st.text(min_size=1, max_size=3), st.sampled_from([65, 501, 5000])),
    st.text("abcXYZ019", min_size=1, max_size=6).map(lambda text: f" {text}\n"),
    st.text("0123456789:.-"),
    st.sampled_from(["long", "short", "SELL ", "foo", "2h", "1H", "4h ", "", "'; DROP TABLE", "\x00", "٣"]),
    st.lists(st.integers()),
    st.lists(st.text("AB", min_size=1, max_size=2), min_size=1, max_size=3).map(lambda words: words * 101),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
    st.complex_numbers(),
    st.builds(object),
)


def outside(kind: Any) -> st.SearchStrategy[Any]:
    """Values that an annotation does not admit: around its bounds, and from everything else."""
    near = [_near(bound) for bound in _bounds_of(kind)]
    return st.one_of(*near, *JUNK, *_misfilled(kind)).filter(lambda value: not admits(kind, value) or _is_bad(value))


def _near(bound: float) -> st.SearchStrategy[Any]:
    steps = st.floats(0, 5).map(lambda step: bound - step) | st.floats(0, 5).map(lambda step: bound + step)
    return steps | st.sampled_from([bound, bound - 1, bound + 1, -bound]) | steps.map(str)


def _bounds_of(kind: Any) -> Iterator[float]:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        for limit in _limits(parts[1:]):
            yield from (getattr(limit, name) for name in _BOUNDS if getattr(limit, name, None) is not None)
    elif origin in {Union, UnionType}:
        for part in parts:
            yield from _bounds_of(part)


class _Bad(list[Any]):
    """A container with something inside that does not belong there."""


class _BadMapping(dict[str, Any]):
    """The same as a mapping."""


def _is_bad(value: Any) -> bool:
    return isinstance(value, _Bad | _BadMapping)


def _misfilled(kind: Any) -> Iterator[st.SearchStrategy[Any]]:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType, Annotated}:
        for part in parts[:1] if origin is Annotated else parts:
            yield from _misfilled(part)
    elif origin in {list, tuple} and parts[0] is not Any:
        yield st.lists(outside(parts[0]), min_size=1, max_size=3).map(_Bad)
    elif origin is dict and parts[1] is not Any:
        yield st.dictionaries(st.text(max_size=3), outside(parts[1]), min_size=1, max_size=3).map(_BadMapping)

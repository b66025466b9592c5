"""Frozen dataclasses to JSON and back, field by field from their annotations, so that no field can be forgotten.

A Decimal is stored as text, which keeps every digit; a tuple is an array. A value stored before a field existed gets
the default of that field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import orjson

from opentrader.errors import ConfigError

T = TypeVar("T")

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS  # its own fields come in the order of the class
_PLAIN = {bool, float, int, str, NoneType}


def text(value: object) -> str:
    """The canonical JSON text of a value: sorted keys, no spaces. Raises what `plain` raises."""
    whole = plain(value) if is_dataclass(value) else value
    return orjson.dumps(whole, default=_sortable, option=_CANONICAL).decode()


def plain(value: object) -> Any:
    """A value, with the dataclasses in it, as dicts, lists, texts and numbers, which JSON can hold.

    Raises ValueError for a Decimal that is not finite, `orjson.JSONEncodeError` for a type that JSON cannot hold.
    """
    return orjson.loads(orjson.dumps(value, default=_text_of))


def parsed(kind: type[T], value: object) -> T:
    """The inverse of `plain`. Raises `ConfigError` for fields that `kind` does not have, TypeError for missing ones."""
    return cast(T, parser(cast(Any, kind))(value))


def _sortable(value: object) -> Any:
    return plain(value) if is_dataclass(value) else _text_of(value)


def _text_of(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"the store cannot hold a {type(value).__name__}")
    if not value.is_finite():
        raise ValueError(f"{value} is not an amount")
    return str(value)


@cache
def parser(kind: Any) -> Callable[[Any], Any]:
    """The function that reads a value of this type. Raises TypeError for a type that would not survive a round trip."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Decimal:
        return Decimal
    if kind == (Decimal | None):
        return lambda value: None if value is None else Decimal(value)
    if is_dataclass(kind):
        return _dataclass_parser(cast(type, kind))
    if origin is tuple and arguments[1:] == (...,):
        item = parser(arguments[0])
        return lambda values: tuple(map(item, values))
    if is_scalar(kind) or (origin in {Mapping, dict} and arguments == (str, Any)):
        return _unchanged
    raise TypeError(f"the store cannot read values of type {kind}")


def is_scalar(kind: Any) -> bool:
    """Whether values of this type are one JSON scalar: text, a number, true, false or null."""
    origin = get_origin(kind)
    return kind in _PLAIN or origin is Literal or (origin in {Union, UnionType} and _PLAIN.issuperset(get_args(kind)))


def _unchanged(value: Any) -> Any:
    return value


def _dataclass_parser(kind: type) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    parsers = {field.name: parser(hints[field.name]) for field in fields(kind)}

    def parse(stored: Mapping[str, Any]) -> Any:
        if unknown := stored.keys() - parsers.keys():
            raise ConfigError(
                f"the store holds a {kind.__name__} with unknown fields: {', '.join(sorted(unknown))}",
                hint="Nothing was changed. Install the version of opentrader that wrote it, or a later one.",
            )
        return kind(**{name: parsers[name](value) for name, value in stored.items()})

    return parse

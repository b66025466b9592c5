"""Frozen dataclasses as JSON and back, field by field from their annotations, so that no field can be forgotten.

A Decimal is the text that Python writes for it, which keeps its every digit; a tuple is an array. What was stored
before a field existed gets the field's default.
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

_PLAIN = {bool, float, int, str, NoneType}


def text(value: object) -> str:
    """The one JSON text for a value: keys in order, no blanks. Raises like `plain`."""
    return orjson.dumps(plain(value), option=orjson.OPT_SORT_KEYS).decode()


def plain(value: object) -> Any:
    """A value, dataclasses in it, as what JSON can hold: dicts, lists, texts, numbers.

    Raises ValueError for a Decimal that is no number, `orjson.JSONEncodeError` for what is nothing of that.
    """
    return orjson.loads(orjson.dumps(value, default=_text_of))


def parsed(kind: type[T], value: object) -> T:
    """The inverse of `plain`. Raises `ConfigError` for fields that `kind` does not have, TypeError for missing ones."""
    return cast(T, _parser(cast(Any, kind))(value))


def _text_of(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no place in the store")
    if not value.is_finite():
        raise ValueError(f"{value} is no amount")
    return str(value)


@cache
def _parser(kind: Any) -> Callable[[Any], Any]:
    """How to read a field of this type. Raises TypeError for a type that would not come back as it was."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Decimal:
        return Decimal
    if is_dataclass(kind):
        return _dataclass_parser(cast(type, kind))
    if origin is tuple and arguments[1:] == (...,):
        item = _parser(arguments[0])
        return lambda values: tuple(map(item, values))
    readable = kind in _PLAIN or origin is Literal or (origin is Mapping and arguments == (str, Any))
    if readable or (origin in {Union, UnionType} and _PLAIN.issuperset(arguments)):
        return _as_it_is
    raise TypeError(f"the store cannot tell how to read a {kind}")


def _as_it_is(value: Any) -> Any:
    return value


def _dataclass_parser(kind: type) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    parsers = {field.name: _parser(hints[field.name]) for field in fields(kind)}

    def parse(told: Mapping[str, Any]) -> Any:
        if unknown := told.keys() - parsers.keys():
            raise ConfigError(
                f"the store holds a {kind.__name__} with unknown fields: {', '.join(sorted(unknown))}",
                hint="Nothing was changed. Install the opentrader that wrote it, or a later one.",
            )
        return kind(**{name: parsers[name](value) for name, value in told.items()})

    return parse

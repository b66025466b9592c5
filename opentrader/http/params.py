"""Turns path, query and body into the message of a route, and names everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, get_args, get_type_hints
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from opentrader.actors.runtime.message import Message
from opentrader.errors import Fault, InvalidInput
from opentrader.http.openapi.texts import SPELLED
from opentrader.http.route import Place, Route

_SIDES = {"long": "a long is a `buy`", "short": "a short is a `sell`"}


class Parsed(NamedTuple):
    """A message, and the query parameters that nobody asked for."""

    message: Message[Any]
    unknown: tuple[str, ...] = ()


class Query(NamedTuple):
    """What a query string holds for a route; of a repeated parameter the last one counts."""

    values: dict[str, str]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]


class Reader:
    """Reads the requests of one route."""

    def __init__(self, route: Route, message: type[Message[Any]]) -> None:
        self._message = message
        self._strict = route.strict
        self._places: dict[str, Place] = route.places
        self._in_query = frozenset(name for name, place in self._places.items() if place == "query")

    def read(self, path: Mapping[str, str], query: str, body: Mapping[str, Any] | Fault) -> Parsed:
        """Raises `InvalidInput` with all faults; `body` may itself be one."""
        if not self._places and not query:
            return Parsed(self._message())
        asked = split_query(query, self._in_query)
        faults = [*(_refused(asked) if self._strict else ()), *([body] if isinstance(body, Fault) else ())]
        faults += [
            Fault(("query", name), "Input should be a valid number", "float_parsing", input=value)
            for name, value in asked.values.items()
            if "_" in value and name in self._numbers  # Python reads 26_0 as 260
        ]
        given = {} if isinstance(body, Fault) else {k: v for k, v in body.items() if self._place(k) == "body"}
        try:
            message = self._adapter.validate_python({**given, **asked.values, **path})
        except ValidationError as error:
            faults += self._worth_telling(map(_fault, error.errors(include_url=False)), body)
        except InvalidInput as error:
            faults += self._worth_telling(error.faults, body)
        else:
            if not faults:
                return Parsed(message, asked.unknown)
        raise InvalidInput(faults, hint=_hint(faults))

    # Built when the first request comes: all of them together would delay the start.
    @cached_property
    def _adapter(self) -> TypeAdapter[Message[Any]]:
        return TypeAdapter(self._message)

    @cached_property
    def _numbers(self) -> frozenset[str]:
        hints = get_type_hints(self._message)
        return frozenset(name for name in self._in_query if _holds_numbers(hints[name]))

    def _place(self, name: object) -> Place | None:
        return self._places.get(name) if isinstance(name, str) else None

    def _worth_telling(self, faults: Iterable[Fault], body: Mapping[str, Any] | Fault) -> list[Fault]:
        """The faults with their place in front; of a body that is refused as a whole no field is missed."""
        placed = [_placed(fault, self._place(fault.loc[0]) or "body") for fault in faults]
        return [f for f in placed if not (isinstance(body, Fault) and f.loc[0] == "body")]


def _holds_numbers(kind: Any) -> bool:
    return kind in {int, float} or any(map(_holds_numbers, get_args(kind)))


def split_query(query: str, known: frozenset[str]) -> Query:
    """A name that begins with `_` is nobody's business: such parameters only defeat caches."""
    values: dict[str, str] = {}
    unknown, repeated = [], []
    for name, value in parse_qsl(query, keep_blank_values=True) if query else ():
        if name in known:
            repeated += [name] if name in values else []
            values[name] = value
        elif not name.startswith("_"):
            unknown.append(name)
    return Query(values, tuple(dict.fromkeys(unknown)), tuple(dict.fromkeys(repeated)))


def _refused(query: Query) -> list[Fault]:
    """What a route that moves money does not let pass: a parameter it might have misunderstood."""
    unknown = [Fault(("query", name), "Unknown parameter", "extra_forbidden") for name in query.unknown]
    twice = [Fault(("query", name), "Given more than once", "duplicate") for name in query.repeated]
    return unknown + twice


def _placed(fault: Fault, place: Place) -> Fault:
    return Fault((place, *fault.loc), fault.msg, fault.type, input=fault.input, ctx=fault.ctx)


def _fault(error: ErrorDetails) -> Fault:
    """Pydantic's error in our words; of what is missing it would repeat all the rest."""
    given = None if error["type"] == "missing" else error["input"]
    named = error.get("ctx", {}).items()
    ctx: dict[str, object] = {key: value for key, value in named if isinstance(value, str | int | float)}
    return Fault(error["loc"], _in_words(error), error["type"], input=given, ctx=ctx)


def _in_words(error: ErrorDetails) -> str:
    """What would be right; of a pattern pydantic only says that it did not match."""
    fallback = error["msg"]
    return SPELLED.get(str(error["loc"][0]), fallback) if error["type"] == "string_pattern_mismatch" else fallback


def _hint(faults: list[Fault]) -> str:
    said = (str(fault.input).lower() for fault in faults if fault.loc[-1] == "direction")
    return next((_SIDES[side] for side in said if side in _SIDES), "")

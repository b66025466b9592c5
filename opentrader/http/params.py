"""Turns path, query and body into the message of a route, and reports all invalid values at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, get_args, get_type_hints
from urllib.parse import parse_qsl

from opentrader.actors.messages import validation
from opentrader.actors.runtime.message import Message
from opentrader.errors import Fault, InvalidInput
from opentrader.http.route import Place, Route


class Parsed(NamedTuple):
    """A message, and the names of unknown query parameters."""

    message: Message[Any]
    unknown: tuple[str, ...] = ()


class Query(NamedTuple):
    """The parsed query string of a route. The last value of a repeated parameter counts."""

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
        """Raises `InvalidInput` with all faults; `body` may itself be a fault."""
        if not self._places and not query:
            return Parsed(self._message())
        parsed = split_query(query, self._in_query)
        faults = [*(_strict_faults(parsed) if self._strict else ()), *([body] if isinstance(body, Fault) else ())]
        faults += [
            Fault(("query", name), "Input should be a valid number", "float_parsing", input=value)
            for name, value in parsed.values.items()
            if "_" in value and name in self._numbers  # Python reads 26_0 as 260
        ]
        given = {} if isinstance(body, Fault) else {k: v for k, v in body.items() if self._place(k) == "body"}
        hint = ""
        try:
            message = validation.parsed(self._message, {**given, **parsed.values, **path})
        except InvalidInput as error:
            faults, hint = faults + self._reportable(error.faults, body), error.hint
        else:
            if not faults:
                return Parsed(message, parsed.unknown)
        raise InvalidInput(faults, hint=hint)

    @cached_property
    def _numbers(self) -> frozenset[str]:
        hints = get_type_hints(self._message)
        return frozenset(name for name in self._in_query if _is_numeric(hints[name]))

    def _place(self, name: object) -> Place | None:
        return self._places.get(name) if isinstance(name, str) else None

    def _reportable(self, faults: Iterable[Fault], body: Mapping[str, Any] | Fault) -> list[Fault]:
        """The faults with their place in front. If the whole body was refused, its missing fields are left out."""
        placed = [_placed(fault, self._place(fault.loc[0]) or "body") for fault in faults]
        return [f for f in placed if not (isinstance(body, Fault) and f.loc[0] == "body")]


def _is_numeric(kind: Any) -> bool:
    return kind in {int, float} or any(map(_is_numeric, get_args(kind)))


def split_query(query: str, known: frozenset[str]) -> Query:
    """Parameters whose name begins with `_` are ignored: clients add them to defeat caches."""
    values: dict[str, str] = {}
    unknown, repeated = [], []
    for name, value in parse_qsl(query, keep_blank_values=True) if query else ():
        if name in known:
            repeated += [name] if name in values else []
            values[name] = value
        elif not name.startswith("_"):
            unknown.append(name)
    return Query(values, tuple(dict.fromkeys(unknown)), tuple(dict.fromkeys(repeated)))


def _strict_faults(query: Query) -> list[Fault]:
    """Unknown and repeated parameters, which a route that moves money refuses: the client may mean something else."""
    unknown = [Fault(("query", name), "Unknown parameter", "extra_forbidden") for name in query.unknown]
    twice = [Fault(("query", name), "Given more than once", "duplicate") for name in query.repeated]
    return unknown + twice


def _placed(fault: Fault, place: Place) -> Fault:
    return Fault((place, *fault.loc), fault.msg, fault.type, input=fault.input, ctx=fault.ctx)

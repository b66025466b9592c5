"""One row of the route table: a method of a path, and the message that its requests become."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from opentrader.actors.runtime.message import Message
from opentrader.errors import OpentraderError

Place = Literal["path", "query", "body"]
Page = Literal["dashboard", "docs", "openapi", "metrics"]

BEYOND = "beyond"
RESERVED = ("all", "scan", "list", "pending", "cleanup")
"""Words that are routes and never symbols, whatever the method."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    `effects`: it changes something (any method but GET does). `strict`: an unknown or repeated query parameter is
    refused. `query`: fields that stand in the query although there is a body. `errors`: what it answers beyond
    the errors that all routes share. `resolve`: looks a path value up before the body is read. `sample`: the
    values of an example request.
    """

    method: str
    path: str
    operation: str
    section: str
    message: type[Message[Any]] | None = None
    page: Page | None = None
    open: bool = False  # answered without a token
    effects: bool = False
    strict: bool = False
    idempotent: bool = False  # takes an Idempotency-Key
    stream: bool = False  # answers with events as they happen
    paged: bool = False  # tells the number of all rows, and where the next and previous ones are
    body: Literal["none", "required", "optional"] = "none"
    query: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()  # fields that a request cannot set
    errors: tuple[type[OpentraderError], ...] = ()
    resolve: Callable[[Mapping[str, str]], None] | None = None
    sample: Mapping[str, Any] = field(default_factory=dict)

    @property
    def acts(self) -> bool:
        return self.effects or self.method != "GET"

    @property
    def licensed(self) -> bool:
        return self.message is not None and self.message.licensed

    @property
    def places(self) -> dict[str, Place]:
        """Where each field of the message stands in a request."""
        if self.message is None:
            return {}
        named = set(re.findall(r"{(\w+)}", self.path))
        told = fields(self.message)  # type: ignore[arg-type]  # every message is a dataclass
        return {field.name: self._place(field.name, named) for field in told if field.name not in self.unasked}

    def _place(self, name: str, named: set[str]) -> Place:
        if name in named:
            return "path"
        return "query" if self.body == "none" or name in self.query else "body"


def also_post(route: Route) -> tuple[Route, Route]:
    """A GET with effects, and its POST form for clients that keep GET free of them."""
    posted = replace(route, method="POST", operation=route.operation + "Post", section=BEYOND)
    return replace(route, effects=True), posted

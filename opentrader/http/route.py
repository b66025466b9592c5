"""One row of the route table: a path, a method, and the message type that its requests become."""

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
"""Path segments that name routes and are never read as a symbol, for any method."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    `effects`: a GET that changes state (every other method does anyway). `strict`: unknown and repeated query
    parameters are refused. `query`: fields read from the query although the route has a body. `internal`: fields that
    a request cannot set. `errors`: error types beyond those that all routes share. `resolve`: checks a path value
    before the body is read. `sample`: the values of the example request.
    """

    method: str
    path: str
    operation: str
    section: str
    message: type[Message[Any]] | None = None
    page: Page | None = None
    open: bool = False  # needs no token
    effects: bool = False
    strict: bool = False
    idempotent: bool = False  # takes an Idempotency-Key
    stream: bool = False  # a stream of server-sent events
    paged: bool = False  # sends X-Total-Count and Link headers
    body: Literal["none", "required", "optional"] = "none"
    query: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()
    errors: tuple[type[OpentraderError], ...] = ()
    resolve: Callable[[Mapping[str, str]], None] | None = None
    sample: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes_state(self) -> bool:
        return self.effects or self.method != "GET"

    @property
    def licensed(self) -> bool:
        return self.message is not None and self.message.licensed

    @property
    def places(self) -> dict[str, Place]:
        """Where in a request each field of the message is read from."""
        if self.message is None:
            return {}
        in_path = set(re.findall(r"{(\w+)}", self.path))
        all_fields = fields(self.message)  # type: ignore[arg-type]  # every message is a dataclass
        return {field.name: self._place(field.name, in_path) for field in all_fields if field.name not in self.internal}

    def _place(self, name: str, in_path: set[str]) -> Place:
        if name in in_path:
            return "path"
        return "query" if self.body == "none" or name in self.query else "body"


def also_post(route: Route) -> tuple[Route, Route]:
    """A GET that changes state, and the same route as a POST for clients that want GET to be safe."""
    posted = replace(route, method="POST", operation=route.operation + "Post", section=BEYOND)
    return replace(route, effects=True), posted

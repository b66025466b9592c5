"""Finds the route of a path and a method."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic, TypeVar
from urllib.parse import unquote

from opentrader.http.problems import MethodNotAllowed, RouteNotFound
from opentrader.http.route import RESERVED, Route

H = TypeVar("H")


class Endpoint(Generic[H]):
    """The methods of one path. HEAD is allowed only where GET changes no state: a HEAD must be safe."""

    def __init__(self) -> None:
        self._handlers: dict[str, H] = {}

    def add(self, route: Route, handler: H) -> None:
        self._handlers[route.method] = handler
        if route.method == "GET" and not route.changes_state:
            self._handlers["HEAD"] = handler

    @property
    def allow(self) -> str:
        return ", ".join((*self._handlers, "OPTIONS"))

    def handler(self, method: str) -> H:
        """Raises `MethodNotAllowed`, which lists the allowed methods."""
        try:
            return self._handlers[method]
        except KeyError:
            raise MethodNotAllowed(f"method {method[:20]} is not allowed on this route", self.allow) from None


class Router(Generic[H]):
    """Looks paths without parameters up in a table, and matches the others. A trailing slash is ignored."""

    def __init__(self, rows: Iterable[tuple[Route, H]]) -> None:
        self._fixed: dict[str, Endpoint[H]] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], Endpoint[H]]] = {}
        for route, handler in rows:
            self._endpoint(route.path).add(route, handler)

    def find(self, path: str) -> tuple[Endpoint[H], dict[str, str]]:
        """The endpoint of a raw path, and its decoded parameters. Raises `RouteNotFound`."""
        path = path.removesuffix("/")
        fixed = self._fixed.get(path)
        return (fixed, {}) if fixed is not None else self._matched(path)

    def _matched(self, path: str) -> tuple[Endpoint[H], dict[str, str]]:
        for pattern, endpoint in self._patterns.values():
            if match := pattern.fullmatch(path):
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                if values.get("symbol") not in RESERVED:
                    return endpoint, values
        raise RouteNotFound("no such route", hint="GET /api/docs lists all routes")

    def _endpoint(self, path: str) -> Endpoint[H]:
        if "{" not in path:
            return self._fixed.setdefault(path, Endpoint())
        return self._patterns.setdefault(path, (_pattern(path), Endpoint()))[1]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))

"""Builds the handler of each row: check, parse, ask, render. None of them is written by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson
from aiohttp import web

from opentrader.actors.message import Message
from opentrader.actors.messages import HealthOf, View
from opentrader.http.body import read_json
from opentrader.http.door import Door, System
from opentrader.http.pages import Pages
from opentrader.http.params import Reader
from opentrader.http.problems import HEADERS
from opentrader.http.routes import Route
from opentrader.http.security import PAGE_HEADERS, Guard

LONGEST_HEADER = 1000


Handler = Callable[[web.BaseRequest, Mapping[str, str], str], Awaitable[web.Response]]
"""Takes a request, the decoded values of its path, and its query as it stands."""


def handler_of(route: Route, door: Door, guard: Guard, pages: Pages) -> Handler:
    """The handler of a row."""
    if route.message is None:
        return _page(route, guard, pages)
    if route.message is HealthOf:
        return _health(route, door, guard)
    return _answer(route, route.message, door, guard)


def _answer(route: Route, kind: type[Message[Any]], door: Door, guard: Guard) -> Handler:
    reader, memo = Reader(route, kind), Memo()

    async def answer(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check(request, route)
        system = door.started or await door.system()
        system.admit(kind)
        if route.resolve is not None:
            route.resolve(path)
        body = {} if route.body == "none" else await read_json(request, required=route.body == "required")
        message, unknown = reader.read(path, query, body)
        if isinstance(message, View):
            return _response(memo.body(system, message), unknown)
        return _response(_encoded(await system.ask(message)), unknown)

    return answer


class Memo:
    """The encoded answers of one moment: most readers come several to a second."""

    def __init__(self) -> None:
        self._moment: Hashable = None
        self._bodies: dict[Message[Any], Body] = {}

    def body(self, system: System, query: View[Any]) -> Body:
        moment = system.moment()
        if moment != self._moment:
            self._moment, self._bodies = moment, {}
        found = self._bodies.get(query)
        if found is None:
            found = self._bodies[query] = _encoded(system.view(query))
        return found


def _health(route: Route, door: Door, guard: Guard) -> Handler:
    async def health(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check(request, route)
        return _response(_encoded(door.health()))

    return health


def _page(route: Route, guard: Guard, pages: Pages) -> Handler:
    assert route.page is not None
    name = route.page

    async def page(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check(request, route)
        body, content_type = await pages.page(name)
        return _text(body, content_type, {**HEADERS, **PAGE_HEADERS})

    return page


def asset_of(name: str, pages: Pages) -> Handler:
    """The handler of a file that the pages need."""

    async def asset(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        body, content_type = await pages.asset(name)
        return _text(body, content_type, HEADERS)

    return asset


class Body(NamedTuple):
    content: bytes
    content_type: str


def _encoded(reply: Any) -> Body:
    """An answer as JSON, or as text if it is one."""
    if isinstance(reply, str):
        return Body(reply.encode(), "text/plain")
    return Body(orjson.dumps(reply), "application/json")


def _response(body: Body, unknown: tuple[str, ...] = ()) -> web.Response:
    headers = {**HEADERS, "X-Unknown-Parameters": _listed(unknown)} if unknown else HEADERS
    return _text(*body, headers)


def _text(body: bytes, content_type: str, headers: Mapping[str, str]) -> web.Response:
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=body, content_type=content_type, charset=charset, headers=headers)


def _listed(names: tuple[str, ...]) -> str:
    """Percent-encoded, for a header holds no arbitrary text."""
    return ", ".join(quote(name, safe="") for name in names)[:LONGEST_HEADER]

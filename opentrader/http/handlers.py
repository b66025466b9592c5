"""Builds the handler of each row: check, parse, ask, render. None of them is written by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web

from opentrader.actors.message import Message
from opentrader.actors.messages import HealthOf, View
from opentrader.http.body import read_json
from opentrader.http.door import Door
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
    reader = Reader(route, kind)

    async def answer(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check(request, route)
        system = door.started or await door.system()
        system.admit(kind)
        if route.resolve is not None:
            route.resolve(path)
        body = {} if route.body == "none" else await read_json(request, required=route.body == "required")
        message, unknown = reader.read(path, query, body)
        reply = system.view(message) if isinstance(message, View) else await system.ask(message)
        return _rendered(reply, unknown)

    return answer


def _health(route: Route, door: Door, guard: Guard) -> Handler:
    async def health(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check(request, route)
        return _rendered(door.health())

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


def _rendered(reply: Any, unknown: tuple[str, ...] = ()) -> web.Response:
    """An answer as JSON, or as text if it is one. A reply with a `to_dict` knows its own shape."""
    headers = {**HEADERS, "X-Unknown-Parameters": _listed(unknown)} if unknown else HEADERS
    if isinstance(reply, str):
        return _text(reply.encode(), "text/plain", headers)
    body = orjson.dumps(reply.to_dict() if hasattr(reply, "to_dict") else reply)
    return web.Response(body=body, content_type="application/json", headers=headers)


def _text(body: bytes, content_type: str, headers: Mapping[str, str]) -> web.Response:
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=body, content_type=content_type, charset=charset, headers=headers)


def _listed(names: tuple[str, ...]) -> str:
    """Percent-encoded, for a header holds no arbitrary text."""
    return ", ".join(quote(name, safe="") for name in names)[:LONGEST_HEADER]

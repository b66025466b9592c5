"""Builds the handler of each row: check, parse, ask, render. None of them is written by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from aiohttp import web

from opentrader.actors.messages import (
    Events,
    HealthOf,
    View,
)
from opentrader.actors.runtime.message import Message
from opentrader.errors import Fault
from opentrader.http.body import demand_no_more, read_json
from opentrader.http.events.stream import stream
from opentrader.http.gateway import Gateway, System
from opentrader.http.idempotency import Body, StateChange, carried_out, encoded, idempotency_key
from opentrader.http.pages import Pages
from opentrader.http.params import Reader
from opentrader.http.problems import HEADERS
from opentrader.http.route import Route
from opentrader.http.security import PAGE_HEADERS, Guard

LONGEST_HEADER = 1000
REQUEST_ID = web.RequestKey("REQUEST_ID", str)


Handler = Callable[[web.BaseRequest, Mapping[str, str], str], Awaitable[web.StreamResponse]]
"""Takes a request, the decoded values of its path, and its query as it stands."""


def handler_of(route: Route, door: Gateway, guard: Guard, pages: Pages) -> Handler:
    """The handler of a row."""
    if route.page == "metrics":
        return _metrics(route, door, guard)
    if route.message is None:
        return _page(route, guard, pages)
    if route.stream:
        return _stream(route, route.message, door, guard)
    if route.message is HealthOf:
        return _health(route, door, guard)
    return _answer(route, route.message, door, guard)


def _answer(route: Route, kind: type[Message[Any]], door: Gateway, guard: Guard) -> Handler:
    reader, memo = Reader(route, kind), Memo()

    async def answer(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check(request, route)
        system = door.started or await door.system()
        system.admit(kind)
        if route.resolve is not None:
            route.resolve(path)
        if route.body == "none":
            demand_no_more(request)
            body: dict[str, Any] | Fault = {}
        else:
            body = await read_json(request, required=route.body == "required")
        message, unknown = reader.read(path, query, body)
        if isinstance(message, View):
            return _response(memo.body(system, message), unknown)
        if not route.acts:
            reply = await system.deliver(system.spelled(message))
            return _response(encoded(reply), unknown, _paging(reply, request.path, query) if route.paged else {})
        key = idempotency_key(request) if route.idempotent else None
        outcome = await carried_out(system, StateChange(route, message, request[REQUEST_ID]), key)
        return _response(outcome.body, unknown, outcome.headers)

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
            found = self._bodies[query] = encoded(system.view(query))
        return found


def _health(route: Route, door: Gateway, guard: Guard) -> Handler:
    async def health(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check(request, route)
        return _response(encoded(await door.health()))

    return health


def _metrics(route: Route, door: Gateway, guard: Guard) -> Handler:
    async def metrics(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check(request, route)
        from opentrader.http.metrics import exposition

        return _response(Body(exposition(door.started or await door.system()), "text/plain"))

    return metrics


def _stream(route: Route, kind: type[Message[Any]], door: Gateway, guard: Guard) -> Handler:
    reader = Reader(route, kind)

    async def events(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.StreamResponse:
        guard.check(request, route)
        message, _ = reader.read(path, query, {})
        assert isinstance(message, Events)
        await door.system()
        return await stream(door, request, message.types)

    return events


def _page(route: Route, guard: Guard, pages: Pages) -> Handler:
    assert route.page is not None
    name = route.page

    async def page(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check(request, route)
        body, content_type = await pages.page(name)
        return _text(body, content_type, {**HEADERS, **PAGE_HEADERS})

    return page


def asset_of(name: str, guard: Guard, pages: Pages) -> Handler:
    """The handler of a file that the pages need."""

    async def asset(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check_host(request)
        body, content_type = await pages.asset(name)
        return _text(body, content_type, HEADERS)

    return asset


def moved_to(address: str, guard: Guard) -> Handler:
    """The handler of a path that only leads to another."""

    async def moved(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        guard.check_host(request)
        return web.Response(status=302, headers={**HEADERS, "Location": address})

    return moved


def _response(
    body: Body, unknown: tuple[str, ...] = (), more: Mapping[str, str] = MappingProxyType({})
) -> web.Response:
    headers = {**HEADERS, **more}
    if unknown:
        headers["X-Unknown-Parameters"] = _listed(unknown)
    return _text(*body, headers)


def _text(body: bytes, content_type: str, headers: Mapping[str, str]) -> web.Response:
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=body, content_type=content_type, charset=charset, headers=headers)


def _paging(page: Any, path: str, query: str) -> dict[str, str]:
    """How many rows there are in all, and where the next and the previous ones are (RFC 8288)."""
    asked = {name: value for name, value in parse_qsl(query) if name not in {"limit", "offset"}}

    def link(offset: int, rel: str) -> str:
        return f'<{path}?{urlencode({**asked, "limit": page.limit, "offset": offset})}>; rel="{rel}"'

    links = [link(page.offset + page.limit, "next")] if page.offset + page.limit < page.total else []
    links += [link(max(0, page.offset - page.limit), "prev")] if page.offset > 0 else []
    return {"X-Total-Count": str(page.total)} | ({"Link": ", ".join(links)} if links else {})


def _listed(names: tuple[str, ...]) -> str:
    """Percent-encoded, for a header holds no arbitrary text."""
    return ", ".join(quote(name, safe="") for name in names)[:LONGEST_HEADER]

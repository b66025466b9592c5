"""Builds the handler of each route: check, parse, execute, render. No handler is written by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from aiohttp import web

from opentrader.actors.messages import Events, HealthOf, View
from opentrader.actors.runtime.message import Message
from opentrader.errors import Fault
from opentrader.http.body import check_length, read_json
from opentrader.http.events.stream import EventStreams
from opentrader.http.gateway import Gateway
from opentrader.http.idempotency import Body, StateChange, encode, idempotency_key
from opentrader.http.pages import Pages
from opentrader.http.params import Reader
from opentrader.http.problems import HEADERS
from opentrader.http.route import Route
from opentrader.http.security import PAGE_HEADERS, Guard
from opentrader.http.system import System

MAX_HEADER_LENGTH = 1000
REQUEST_ID = web.RequestKey("REQUEST_ID", str)


Handler = Callable[[web.BaseRequest, Mapping[str, str], str], Awaitable[web.StreamResponse]]
"""Takes a request, the decoded values of its path, and its query string, still encoded."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers of one application share."""

    gateway: Gateway
    guard: Guard
    pages: Pages
    streams: EventStreams


def handler_of(route: Route, services: Services) -> Handler:
    """The handler of a route."""
    if route.page == "metrics":
        return _metrics(route, services)
    if route.message is None:
        return _page(route, services)
    if route.stream:
        return _stream(route, route.message, services)
    if route.message is HealthOf:
        return _health(route, services)
    return _request(route, route.message, services)


def _request(route: Route, kind: type[Message[Any]], services: Services) -> Handler:
    gateway, reader, cache = services.gateway, Reader(route, kind), ResponseCache()

    async def handle(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        services.guard.check(request, route)
        system = gateway.started or await gateway.system()
        system.admit(kind)
        if route.resolve is not None:
            route.resolve(path)
        body = await _body(request, route)
        message, unknown = reader.read(path, query, body)
        if isinstance(message, View):
            return _response(cache.get(system, message), unknown)
        if not route.changes_state:
            reply = await system.deliver(system.spelled(message))
            return _response(encode(reply), unknown, _paging(reply, request.path, query) if route.paged else {})
        key = idempotency_key(request) if route.idempotent else None
        change = StateChange(route, message, request[REQUEST_ID])
        outcome = await services.gateway.idempotency.execute(system, change, key)
        return _response(outcome.body, unknown, outcome.headers)

    return handle


async def _body(request: web.BaseRequest, route: Route) -> dict[str, Any] | Fault:
    if route.body != "none":
        return await read_json(request, required=route.body == "required")
    check_length(request)
    return {}


class ResponseCache:
    """The encoded replies to views, valid until the system publishes again: clients poll several times a second."""

    def __init__(self) -> None:
        self._moment: Hashable = None
        self._bodies: dict[Message[Any], Body] = {}

    def get(self, system: System, query: View[Any]) -> Body:
        """The cached reply, or a fresh one."""
        moment = system.moment()
        if moment != self._moment:
            self._moment, self._bodies = moment, {}
        cached = self._bodies.get(query)
        if cached is None:
            cached = self._bodies[query] = encode(system.view(query))
        return cached


def _health(route: Route, services: Services) -> Handler:
    async def health(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        services.guard.check(request, route)
        return _response(encode(await services.gateway.health()))

    return health


def _metrics(route: Route, services: Services) -> Handler:
    gateway = services.gateway

    async def metrics(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        services.guard.check(request, route)
        from opentrader.http.metrics import exposition

        return _response(Body(exposition(gateway.started or await gateway.system()), "text/plain"))

    return metrics


def _stream(route: Route, kind: type[Message[Any]], services: Services) -> Handler:
    reader = Reader(route, kind)

    async def events(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.StreamResponse:
        services.guard.check(request, route)
        message, _ = reader.read(path, query, {})
        assert isinstance(message, Events)
        await services.gateway.system()
        return await services.streams.send(request, message.types)

    return events


def _page(route: Route, services: Services) -> Handler:
    assert route.page is not None
    name = route.page

    async def page(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        services.guard.check(request, route)
        body, content_type = await services.pages.page(name)
        return _text(body, content_type, {**HEADERS, **PAGE_HEADERS})

    return page


def asset_of(name: str, services: Services) -> Handler:
    """The handler of a static file of the pages."""

    async def asset(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        services.guard.check_host(request)
        body, content_type = await services.pages.asset(name)
        return _text(body, content_type, HEADERS)

    return asset


def redirect_to(address: str, services: Services) -> Handler:
    """The handler of a path that redirects to another one."""

    async def redirect(request: web.BaseRequest, path: Mapping[str, str], query: str) -> web.Response:
        services.guard.check_host(request)
        return web.Response(status=302, headers={**HEADERS, "Location": address})

    return redirect


def _response(
    body: Body, unknown: tuple[str, ...] = (), more: Mapping[str, str] = MappingProxyType({})
) -> web.Response:
    headers = {**HEADERS, **more}
    if unknown:
        headers["X-Unknown-Parameters"] = _listed(unknown)
    return _text(body.content, body.content_type, headers)


def _text(body: bytes, content_type: str, headers: Mapping[str, str]) -> web.Response:
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=body, content_type=content_type, charset=charset, headers=headers)


def _paging(page: Any, path: str, query: str) -> dict[str, str]:
    """The total number of rows, and links to the next and previous page (RFC 8288)."""
    filters = {name: value for name, value in parse_qsl(query) if name not in {"limit", "offset"}}

    def link(offset: int, rel: str) -> str:
        return f'<{path}?{urlencode({**filters, "limit": page.limit, "offset": offset})}>; rel="{rel}"'

    links = [link(page.offset + page.limit, "next")] if page.offset + page.limit < page.total else []
    links += [link(max(0, page.offset - page.limit), "prev")] if page.offset > 0 else []
    return {"X-Total-Count": str(page.total)} | ({"Link": ", ".join(links)} if links else {})


def _listed(names: tuple[str, ...]) -> str:
    """Percent-encoded: a header cannot hold arbitrary text."""
    return ", ".join(quote(name, safe="") for name in names)[:MAX_HEADER_LENGTH]

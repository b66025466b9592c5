"""The entry point of every request: find its route, call the route's handler, turn errors into responses.

It runs on aiohttp's low-level server, because `web.Application` with one middleware needs 13 to 22 % more CPU time per
request for the same handlers: `python -m bench.dispatch`, with figures in docs/performance.md.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterable
from itertools import count

from aiohttp import web

from opentrader.errors import InternalError, OpentraderError
from opentrader.http.events.stream import EventStreams
from opentrader.http.gateway import Gateway
from opentrader.http.handlers import REQUEST_ID, Handler, Services, asset_of, handler_of, redirect_to
from opentrader.http.pages import ASSETS, Pages
from opentrader.http.problems import HEADERS, problem
from opentrader.http.route import Route
from opentrader.http.router import Endpoint, Router
from opentrader.http.routes import ROUTES
from opentrader.http.security import Guard

_SAFE_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")

logger = logging.getLogger(__name__)


class Application:
    """An aiohttp handler for `web.Server`."""

    def __init__(self, gateway: Gateway, guard: Guard, routes: Iterable[Route] = ROUTES) -> None:
        pages = Pages(tuple(routes))
        services = Services(gateway, guard, pages, EventStreams(gateway))
        api = [(route, handler_of(route, services)) for route in routes]
        files = [(_file(name), asset_of(name, services)) for name in ASSETS]
        home = (_HOME, redirect_to("/api/dashboard", services))
        self._router: Router[Handler] = Router([*api, *files, home])
        self._guard = guard

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        request_id = request[REQUEST_ID] = request_id_of(request)
        response: web.StreamResponse
        try:
            response = await self._respond(request)
        except OpentraderError as error:
            response = problem(error, request_id)
        except Exception:
            logger.exception("request %s (%s) failed", request_id, request.method)
            response = problem(InternalError("internal error; see the log for this request_id"), request_id)
        if not response.prepared:
            response.headers["X-Request-ID"] = request_id
        return response

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        path, query = split_target(request)
        endpoint, values = self._router.find(path)
        if request.method == "OPTIONS":
            self._guard.check_host(request)
            return _options(endpoint)
        return await endpoint.handler(request.method)(request, values, query)


def _file(name: str) -> Route:
    """The route of a static file. These are served beside the API and are not part of it."""
    return Route("GET", f"/api/static/{name}", name, "", open=True)


_HOME = Route("GET", "", "home", "", open=True)  # a browser that was given the host alone


def _options(endpoint: Endpoint[Handler]) -> web.Response:
    return web.Response(status=204, headers={**HEADERS, "Allow": endpoint.allow})


def split_target(request: web.BaseRequest) -> tuple[str, str]:
    """Path and query of the request line, still encoded, without a leading scheme and host."""
    target = request.raw_path
    if not target.startswith("/"):
        target = str(request.rel_url)
    path, _, query = target.partition("?")
    return path, query


# Generated ids only need to be unique in the log of one process, and cheap.
_numbers = count(1)
_process = secrets.token_hex(4)


def request_id_of(request: web.BaseRequest) -> str:
    """The client's X-Request-ID if it is safe to log, else a new id."""
    sent = request.headers.get("X-Request-ID")
    return sent if sent and _SAFE_ID.fullmatch(sent) else f"{_process}-{next(_numbers):x}"

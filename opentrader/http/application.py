"""Every request comes through here: find its row, let the row's handler answer, turn errors into answers."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterable
from itertools import count

from aiohttp import web

from opentrader.errors import InternalError, OpentraderError
from opentrader.http.gateway import Gateway
from opentrader.http.handlers import REQUEST_ID, Handler, asset_of, handler_of, moved_to
from opentrader.http.pages import ASSETS, Pages
from opentrader.http.problems import HEADERS, problem
from opentrader.http.route import Route
from opentrader.http.router import Endpoint, Router
from opentrader.http.routes import ROUTES
from opentrader.http.security import Guard

_SANE_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")

logger = logging.getLogger(__name__)


class Application:
    """An aiohttp handler for `web.Server`: one lookup and one closure, no stack of middlewares."""

    def __init__(self, door: Gateway, guard: Guard, routes: Iterable[Route] = ROUTES) -> None:
        pages = Pages(tuple(routes))
        rows = [(route, handler_of(route, door, guard, pages)) for route in routes]
        files = [(_file(name), asset_of(name, guard, pages)) for name in ASSETS]
        self._router: Router[Handler] = Router([*rows, *files, (_HOME, moved_to("/api/dashboard", guard))])
        self._guard = guard

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        request_id = request[REQUEST_ID] = request_id_of(request)
        response: web.StreamResponse
        try:
            response = await self._answer(request)
        except OpentraderError as error:
            response = problem(error, request_id)
        except Exception:
            logger.exception("request %s (%s) failed", request_id, request.method)
            response = problem(InternalError("something went wrong in here; the log knows"), request_id)
        if not response.prepared:
            response.headers["X-Request-ID"] = request_id
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, query = split_target(request)
        endpoint, values = self._router.find(path)
        if request.method == "OPTIONS":
            self._guard.check_host(request)
            return _options(endpoint)
        return await endpoint.handler(request.method)(request, values, query)


def _file(name: str) -> Route:
    """Files of the pages stand beside the API but are no part of it."""
    return Route("GET", f"/api/static/{name}", name, "", open=True)


_HOME = Route("GET", "", "home", "", open=True)  # what a browser asks for that was only given the host


def _options(endpoint: Endpoint[Handler]) -> web.Response:
    return web.Response(status=204, headers={**HEADERS, "Allow": endpoint.allow})


def split_target(request: web.BaseRequest) -> tuple[str, str]:
    """Path and query of the request line, still encoded; a host in front of them is left out."""
    target = request.raw_path
    if not target.startswith("/"):
        target = str(request.rel_url)
    path, _, query = target.partition("?")
    return path, query


# Ids of our own need to be unique in the log of one process only, and cost nothing.
_numbers = count(1)
_process = secrets.token_hex(4)


def request_id_of(request: web.BaseRequest) -> str:
    """The caller's own id for this request, if it is one that a log can hold, else a new one."""
    given = request.headers.get("X-Request-ID")
    return given if given and _SANE_ID.fullmatch(given) else f"{_process}-{next(_numbers):x}"

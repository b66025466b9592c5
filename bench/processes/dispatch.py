"""The trading system behind one of two dispatchers: the package's own, or `web.Application` with one middleware.

    python -m bench.processes.dispatch own|stock FOLDER

Both have the same routes, handlers and connections; the stock one has aiohttp's router.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from aiohttp import web

from opentrader import Settings, TradingSystem
from opentrader.errors import InternalError, OpentraderError
from opentrader.http.application import Application, request_id_of
from opentrader.http.connection import Server
from opentrader.http.events.stream import EventStreams
from opentrader.http.gateway import Gateway
from opentrader.http.handlers import REQUEST_ID, Handler, Services, handler_of
from opentrader.http.pages import Pages
from opentrader.http.problems import MethodNotAllowed, RouteNotFound, problem
from opentrader.http.route import RESERVED
from opentrader.http.routes import ROUTES
from opentrader.http.security import Guard

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


def own(gateway: Gateway, guard: Guard) -> Server:
    """The server of the daemon."""
    return Server(Application(gateway, guard))


def stock(gateway: Gateway, guard: Guard) -> Server:
    """The same with aiohttp's application in place of ours."""
    application = web.Application(middlewares=[_around])
    services = Services(gateway, guard, Pages(ROUTES), EventStreams(gateway))
    for route in ROUTES:
        methods = ["GET", "HEAD"] if route.method == "GET" and not route.changes_state else [route.method]
        handler = _adapted(handler_of(route, services))
        for method in methods:
            for path in (route.path, route.path + "/"):
                application.router.add_route(method, path, handler)
    application.freeze()
    server = Server(application._handle)  # type: ignore[arg-type]  # it takes the requests that the factory makes
    server.request_factory = application._make_request
    return server


def _adapted(handler: Handler) -> Next:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request, request.match_info, request.rel_url.raw_query_string)

    return handle


@web.middleware
async def _around(request: web.Request, handler: Next) -> web.StreamResponse:
    request_id = request[REQUEST_ID] = request_id_of(request)
    response = await _response(request, handler, request_id)
    if not response.prepared:
        response.headers["X-Request-ID"] = request_id
    return response


async def _response(request: web.Request, handler: Next, request_id: str) -> web.StreamResponse:
    try:
        _check_symbol(request)
        return await handler(request)
    except web.HTTPNotFound:
        return problem(RouteNotFound("no such route"), request_id)
    except web.HTTPMethodNotAllowed as error:
        return problem(MethodNotAllowed("method not allowed", ", ".join(error.allowed_methods)), request_id)
    except OpentraderError as error:
        return problem(error, request_id)
    except Exception:  # noqa: BLE001 (as the daemon does it)
        return problem(InternalError("internal error"), request_id)


def _check_symbol(request: web.Request) -> None:
    if request.match_info.get("symbol") in RESERVED:
        raise RouteNotFound("no such route")


async def serve(make: Callable[[Gateway, Guard], Server], folder: Path) -> None:
    """Say the port, and answer until a signal comes."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    settings = Settings(data_dir=folder, license_email="bench@example.com", license_name="Bench")
    async with TradingSystem(settings) as system:
        gateway = Gateway("bench")
        gateway.open(system)
        runner = web.ServerRunner(make(gateway, Guard("127.0.0.1", None)))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await ended.wait()
        gateway.shut()
        await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve({"own": own, "stock": stock}[sys.argv[1]], Path(sys.argv[2])))

"""A real server on a real port, with a system behind it that answers at once what a test told it to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest

from opentrader.http.application import Application
from opentrader.http.connection import Server
from opentrader.http.gateway import Gateway
from opentrader.http.route import Route
from opentrader.http.routes import ROUTES
from opentrader.http.security import Guard
from tests.fakes.site import Site, listening
from tests.fakes.system import FakeSystem

Serve = Callable[..., Awaitable[Site]]


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


@pytest.fixture
async def serve(system: FakeSystem) -> AsyncIterator[Serve]:
    """Starts a site: `await serve(token=..., host=..., routes=..., behind=..., started=...)`."""
    async with aiohttp.ClientSession() as session, AsyncExitStack() as servers:

        async def start(
            *,
            token: str | None = None,
            host: str = "127.0.0.1",
            routes: tuple[Route, ...] = ROUTES,
            behind: FakeSystem = system,
            started: bool = True,
            startup_seconds: float = 30.0,
            health_seconds: float = 0.01,
            max_connections: int = 100,
            gateway: Gateway | None = None,
        ) -> Site:
            if gateway is None:
                gateway = Gateway("test", startup_seconds=startup_seconds, health_seconds=health_seconds)
            if started:
                gateway.open(behind)
            server = Server(Application(gateway, Guard(host, token), routes), max_connections=max_connections)
            return Site(session, await servers.enter_async_context(listening(server)), gateway)

        yield start


@pytest.fixture
async def site(serve: Serve) -> Site:
    return await serve()

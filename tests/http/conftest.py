"""A real server on a real port, with a system behind it that answers at once what a test told it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.supervision.supervisor import ActorStatus
from opentrader.domain.symbols import pair_of
from opentrader.domain.trading.ledger import KeyTaken, Remembered, Reservation
from opentrader.errors import LicenseRequired
from opentrader.http.application import Application
from opentrader.http.connection import Server
from opentrader.http.gateway import Gateway
from opentrader.http.route import Route
from opentrader.http.routes import ROUTES
from opentrader.http.security import Guard
from tests.http.site import Site, listening

NOW = 1_714_216_800


class Remembering:
    """The audit log and the idempotency keys, in memory."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.keys: dict[str, Remembered] = {}
        self.finished = asyncio.Event()

    async def append(self, entry: Any) -> int:
        self.entries.append(entry)
        return len(self.entries)

    async def reserve(self, reservation: Reservation) -> None:
        if reservation.key in self.keys:
            raise KeyTaken(self.keys[reservation.key])
        self.keys[reservation.key] = Remembered(reservation)

    async def finish(self, key: str, status: int, body: bytes) -> None:
        self.keys[key] = replace(self.keys[key], state="done", status=status, body=body)
        self.finished.set()

    async def forget(self, key: str) -> None:
        del self.keys[key]


class FakeSystem:
    """Keeps every message and answers by its type; what is an exception is raised."""

    def __init__(self) -> None:
        self.asked: list[Message[Any]] = []
        self.licensed = True
        self.published = 0
        self.made: dict[str, Any] = {}  # by Idempotency-Key
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()  # while it is not set, whoever asks waits
        self.go_on.set()
        self.listeners: list[asyncio.Queue[str]] = []
        self.listening, self.left = asyncio.Event(), asyncio.Event()
        self.rows: list[ActorStatus] = []
        self.idempotency: Any = Remembering()  # as much of the two stores as HTTP asks for
        self.audit_log: Any = self.idempotency
        self.answers: dict[type[Message[Any]], Any] = {
            messages.HealthOf: messages.Health("active", "free", "test"),
            messages.BoardState: messages.State({}, (), NOW),
            messages.PendingText: "No pending signals.\n",
            messages.UpdateAgent: messages.AgentUpdated("coo", "idle", "", NOW),
            messages.CleanUpSignals: messages.Cleanup((), (), 0, 0),
            messages.ScanAndSignal: messages.ScanSignal((), ()),
        }

    def admit(self, kind: type[Message[Any]]) -> None:
        if kind.licensed and not self.licensed:
            raise LicenseRequired("a license is required", hint="it is free")

    def spelled(self, message: Any) -> Any:
        symbol = getattr(message, "symbol", None)
        return message if symbol is None else replace(message, symbol=pair_of(symbol, {}))

    async def made_with(self, key: str) -> Any:
        return self.made.get(key)

    def moment(self) -> int:
        return self.published

    def view(self, query: messages.View[Any]) -> Any:
        return self._answer(query)

    async def deliver(self, message: Message[Any]) -> Any:
        self.asked.append(message)
        self.begun.set()
        await self.go_on.wait()
        return self._told(message)

    def actors(self) -> list[ActorStatus]:
        return self.rows

    @contextmanager
    def changes(self) -> Iterator[asyncio.Queue[str]]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.listeners.append(queue)
        self.listening.set()
        try:
            yield queue
        finally:
            self.listeners.remove(queue)
            self.left.set()

    def publish(self, owner: str, kind: type[Message[Any]], answer: Any) -> None:
        """From now on a kind of message is answered like this, and those who listen hear of it."""
        self.answers[kind] = answer
        self.published += 1
        for queue in self.listeners:
            queue.put_nowait(owner)

    def _answer(self, message: Message[Any]) -> Any:
        self.asked.append(message)
        return self._told(message)

    def _told(self, message: Message[Any]) -> Any:
        answer = self.answers[type(message)]
        if isinstance(answer, Exception):
            raise answer
        return answer


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
        ) -> Site:
            gateway = Gateway("test", startup_seconds=startup_seconds, health_seconds=health_seconds)
            if started:
                gateway.open(behind)
            server = Server(Application(gateway, Guard(host, token), routes), max_connections=max_connections)
            return Site(session, await servers.enter_async_context(listening(server)), gateway)

        yield start


@pytest.fixture
async def site(serve: Serve) -> Site:
    return await serve()

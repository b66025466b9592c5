"""The trading system as HTTP sees it, from the moment the port is open."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from opentrader.actors.messages import (
    Health,
    HealthOf,
    View,
)
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.supervision.supervisor import ActorStatus
from opentrader.domain.time_limits import HEALTH_SECONDS, STARTUP_SECONDS
from opentrader.domain.trading.ports import AuditStore, IdempotencyStore
from opentrader.errors import NotReady, ShuttingDown

if TYPE_CHECKING:
    from opentrader.http.events.stream import Record

R = TypeVar("R")
M = TypeVar("M", bound=Message[Any])


class System(Protocol):
    """What the handlers need of the trading system; all of it on its loop."""

    def admit(self, kind: type[Message[Any]]) -> None:
        """Raise what refuses every message of a kind: not ready, stopping, no license."""
        ...

    def view(self, query: View[R]) -> R:
        """Answer a query from what is published; never waits."""
        ...

    def moment(self) -> Hashable:
        """What a view depends on besides its query. Between equal moments no answer changes."""
        ...

    def actors(self) -> list[ActorStatus]:
        """Every actor as it is now."""
        ...

    def changes(self) -> AbstractContextManager[asyncio.Queue[str]]:
        """A queue of the names of those that publish something, while the context lasts."""
        ...

    def spelled(self, message: M) -> M:
        """The same message with its symbol as a pair; raises `SymbolNotFound`."""
        ...

    async def made_with(self, key: str) -> Any:
        """The outcome of the entry that the request with this Idempotency-Key made; None where nothing came of it."""
        ...

    @property
    def idempotency(self) -> IdempotencyStore: ...

    @property
    def audit_log(self) -> AuditStore: ...

    async def deliver(self, message: Message[R]) -> R:
        """Have its owner handle a message that `admit` and `spelled` have checked."""
        ...


class Gateway:
    """Requests that come while the system is starting wait for it, for a while: the first curl works.

    The question after health waits only for a moment. While the license is not known it is answered by what holds
    then: nothing that needs one is done.
    """

    def __init__(
        self, commit: str, *, patience_seconds: float = STARTUP_SECONDS, health_seconds: float = HEALTH_SECONDS
    ) -> None:
        self._commit = commit
        self._patience, self._health_patience = patience_seconds, health_seconds
        self.started: System | None = None
        self.closing = False
        self.record: Record | None = None  # of what happens, from the first stream of events on
        self._opened = asyncio.Event()
        self._listening: list[asyncio.Queue[str]] = []

    def open(self, system: System) -> None:
        """The system has started."""
        self.started = system
        self._opened.set()

    def shut(self) -> None:
        """The system will not start, or is stopping: nobody waits any longer."""
        self.closing = True
        self._opened.set()
        for queue in self._listening:
            with suppress(asyncio.QueueFull):  # whoever reads it is awake as it is
                queue.put_nowait("")

    async def system(self) -> System:
        """The started system; raises `NotReady` when that takes too long and `ShuttingDown` when it never will."""
        if self.started is None:
            await self._wait(self._patience)
        if self.started is None:
            raise ShuttingDown("the daemon is stopping", hint="ask again once it has started anew")
        return self.started

    async def health(self) -> Health:
        with suppress(NotReady):  # still starting, or an actor is being restarted
            if self.started is None:
                await self._wait(self._health_patience)
            if self.started is not None:
                return self.started.view(HealthOf())
        return Health("required", "none", self._commit)

    @contextmanager
    def changes(self, system: System) -> Iterator[asyncio.Queue[str]]:
        """The system's changes while the context lasts; an empty name says that this door is closing."""
        with system.changes() as queue:
            self._listening.append(queue)
            try:
                yield queue
            finally:
                self._listening.remove(queue)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._opened.wait()
        except TimeoutError:
            raise NotReady("the daemon is still starting", hint="ask again in a second") from None

"""Holds HTTP requests until the trading system has started, and refuses them once it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from opentrader.actors.messages import Health, HealthOf
from opentrader.domain.time_limits import HEALTH_SECONDS, STARTUP_SECONDS
from opentrader.errors import NotReady, ShuttingDown
from opentrader.http.idempotency import Idempotency
from opentrader.http.system import System


class Gateway:
    """Holds requests back while the system starts, for a limited time, so that the first curl works.

    Health waits only briefly. Until the license is known it reports that one is required: until then nothing that
    needs a license is done.
    """

    def __init__(
        self, commit: str, *, startup_seconds: float = STARTUP_SECONDS, health_seconds: float = HEALTH_SECONDS
    ) -> None:
        self._commit = commit
        self._startup_seconds, self._health_seconds = startup_seconds, health_seconds
        self.started: System | None = None
        self.idempotency = Idempotency()  # one per system: all servers of it must know what is being executed
        self.closing = False
        self._opened = asyncio.Event()
        self._listeners: list[asyncio.Queue[str]] = []

    def open(self, system: System) -> None:
        """Let requests through: the system has started."""
        self.started = system
        self._opened.set()

    def shut(self) -> None:
        """Refuse requests, waiting ones included: the system failed to start, or is stopping."""
        self.closing = True
        self._opened.set()
        for queue in self._listeners:
            with suppress(asyncio.QueueFull):  # a full queue wakes its reader anyway
                queue.put_nowait("")

    async def system(self) -> System:
        """The started system; raises `NotReady` when that takes too long and `ShuttingDown` when it never will."""
        if self.started is None:
            await self._wait(self._startup_seconds)
        if self.started is None:
            raise ShuttingDown("the daemon is stopping", hint="retry after the restart")
        return self.started

    async def health(self) -> Health:
        """The health reply, at the latest after `health_seconds`. Raises nothing."""
        with suppress(NotReady):  # still starting, or an actor restarts
            if self.started is None:
                await self._wait(self._health_seconds)
            if self.started is not None:
                return self.started.view(HealthOf())
        return Health("required", "none", self._commit)

    @contextmanager
    def changes(self, system: System) -> Iterator[asyncio.Queue[str]]:
        """The system's changes while the context lasts; an empty name means that the gateway is closing."""
        with system.changes() as queue:
            self._listeners.append(queue)
            try:
                yield queue
            finally:
                self._listeners.remove(queue)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._opened.wait()
        except TimeoutError:
            raise NotReady("the daemon is still starting", hint="retry in a second") from None

"""Restarts actors that crash, and reports when restarts do not help."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.limits import Limits
from opentrader.actors.runtime.supervision.address import ActorCell, End
from opentrader.actors.runtime.tasks import Tasks
from opentrader.domain.ports import Clock
from opentrader.errors import NotReady, OpentraderError

logger = logging.getLogger(__name__)


class RestartPolicy:
    """The latest crashes of all actors: `limit` of them in `window_seconds` are too many."""

    def __init__(self, limit: int, window_seconds: float) -> None:
        self._recent: deque[float] = deque(maxlen=limit)
        self._limit = limit
        self._window = window_seconds

    def count(self, at: float) -> bool:
        """Count a crash at wall time `at`, in seconds; returns whether there are now too many."""
        self._recent.append(at)
        return len(self._recent) == self._limit and at - self._recent[0] <= self._window


class Restarter:
    """Starts and restarts actors until it is stopped. All methods are for the loop's thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        limits: Limits,
        context: Callable[[ActorCell, Tasks, End], Context],
        barrier: Callable[[], Awaitable[object]],
        on_fatal: Callable[[str], object],
        on_stuck: Callable[[str], object],
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._limits = limits
        self._context = context
        self._barrier = barrier
        self._on_fatal = on_fatal
        self._on_stuck = on_stuck
        self._policy = RestartPolicy(limits.deaths, limits.window_seconds)
        self._tasks: set[asyncio.Task[None]] = set()
        self._fatal = False
        self._stopped = False

    async def launch(self, cell: ActorCell) -> BaseException | None:
        """Start an actor and restart it whenever it crashes; returns the cause if it did not answer its first ping."""
        error = await cell.launch(partial(self._context, cell), self._limits.start_seconds)
        if not cell.ended.done():
            cell.ended.add_done_callback(lambda ended: self._on_end(cell, ended.result()))
        return error

    def recover(self, cell: ActorCell, error: BaseException) -> None:
        """Start the next life of an actor that `error` has ended."""
        self.background(self._recover(cell, error))

    def background(self, coro: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that `stop` cancels; after `stop` it is not started."""
        if self._stopped:
            coro.close()
            return
        task = self._loop.create_task(coro)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Start no more actors."""
        self._stopped = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_end(self, cell: ActorCell, error: BaseException | None) -> None:
        if error is not None:
            self.recover(cell, error)

    async def _recover(self, cell: ActorCell, error: BaseException | None) -> None:
        """Restart until the actor answers a ping, or until there have been too many crashes."""
        while error is not None and cell.ended.done():
            if self._too_many(cell, error):
                return
            await self._settle(cell)
            cell.restarts += 1
            error = await self.launch(cell)
        if error is not None:
            self._on_stuck(cell.name)

    async def _settle(self, cell: ActorCell) -> None:
        """Wait for the writes of the last life: the store finishes them although their coroutines are canceled."""
        await cell.clear(self._limits.stop_seconds)
        with suppress(OpentraderError):  # an error is fine too: earlier writes are then decided
            await self._barrier()

    def _too_many(self, cell: ActorCell, error: BaseException) -> bool:
        logger.warning("actor %s crashed: %s: %s", cell.name, type(error).__name__, error)
        if self._policy.count(self._clock.wall()) and not self._fatal:
            self._fatal = True
            limits = self._limits
            self._on_fatal(f"{limits.deaths} actor crashes in {limits.window_seconds:g} s, the last one of {cell.name}")
        if self._fatal:
            cell.mailbox.close(lambda: NotReady(f"actor {cell.name} crashed and is not restarted"))
        return self._fatal

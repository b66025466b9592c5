"""Restarts actors that crash, and reports when restarts do not help."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import defaultdict, deque
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
    """The latest crashes of one actor, in seconds of a steady clock.

    `deaths` within the window are too many, and so is each one after them, until a life has outlasted the window.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._recent: deque[float] = deque(maxlen=limits.deaths)
        self._begun = 0.0
        self._pauses = 0

    def begin(self, at: float) -> None:
        """A life begins."""
        self._begun = at

    def count(self, at: float) -> bool:
        """Count a crash; returns whether there are now too many."""
        if at - self._begun > self._limits.window_seconds:
            self._pauses = 0
        self._recent.append(at)
        crowded = len(self._recent) == self._limits.deaths and at - self._recent[0] <= self._limits.window_seconds
        if crowded or self._pauses:
            self._pauses += 1
        return self._pauses > 0

    def pause_seconds(self) -> float:
        """How long to wait before the next life: longer after each crash that was one too many."""
        limits = self._limits
        return float(min(limits.longest_pause_seconds, limits.pause_seconds * 2.0 ** (self._pauses - 1)))


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
        self._policies: defaultdict[str, RestartPolicy] = defaultdict(partial(RestartPolicy, limits))
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def launch(self, cell: ActorCell) -> BaseException | None:
        """Start an actor and restart it whenever it crashes; returns the cause if it did not answer its first ping."""
        self._policies[cell.name].begin(self._clock.steady())
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
        """Restart until the actor answers a ping; after too many crashes end the daemon, or pause if it can go on."""
        while error is not None and cell.ended.done():
            logger.warning("actor %s crashed: %s: %s", cell.name, type(error).__name__, error)
            policy = self._policies[cell.name]
            too_many = policy.count(self._clock.steady())
            if too_many and cell.vital:
                self._end(cell)
                return
            await (self._pause(cell, error, policy.pause_seconds()) if too_many else self._settle(cell))
            cell.restarts += 1
            error = await self.launch(cell)
        if error is not None:
            self._on_stuck(cell.name)

    async def _settle(self, cell: ActorCell) -> None:
        """Wait for the writes of the last life: the store finishes them although their coroutines are canceled."""
        await cell.clear(self._limits.stop_seconds)
        with suppress(OpentraderError):  # an error is fine too: earlier writes are then decided
            await self._barrier()

    def _end(self, cell: ActorCell) -> None:
        """The daemon does not go on without this actor: what it waits for in memory, only a start reads again."""
        limits = self._limits
        self._on_fatal(f"actor {cell.name} crashed {limits.deaths} times in {limits.window_seconds:g} s")
        cell.mailbox.close(lambda: NotReady(f"actor {cell.name} crashed and is not restarted"))

    async def _pause(self, cell: ActorCell, error: BaseException, seconds: float) -> None:
        logger.error("actor %s keeps crashing; it starts again in %g s", cell.name, seconds)
        until = self._loop.time() + seconds
        cell.pause(lambda: _keeps_crashing(cell.name, error, until - self._loop.time()))
        await self._settle(cell)
        await asyncio.sleep(until - self._loop.time())
        cell.resume()


def _keeps_crashing(name: str, error: BaseException, seconds: float) -> NotReady:
    left = max(1, math.ceil(seconds))
    return NotReady(
        f"actor {name} keeps crashing, last of {type(error).__name__}",
        hint=f"nothing was done; it starts again in {left} s, and the log has the traceback",
    )

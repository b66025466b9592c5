"""The coroutines that one life of an actor runs on the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from opentrader.actors.runtime.outcome import Done, Failed, Outcome
from opentrader.errors import InternalError, OpentraderError

logger = logging.getLogger(__name__)

Deliver = Callable[[Outcome[Any]], None]


class Tasks:
    """Runs coroutines and delivers their outcomes until it is closed. For the loop's thread only."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        self._name = name
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._delivered = 0  # outcomes so far

    def spawn(self, coro: Coroutine[Any, Any, Any], deliver: Deliver) -> None:
        """Start `coro`; `deliver` gets its outcome, value or error."""
        if self._closed:
            coro.close()
            return
        task = self._loop.create_task(self._run(coro, deliver))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, handled: Callable[[], Awaitable[object]]) -> None:
        """Wait until no coroutine runs. `handled` waits for the continuations, which may pipe more.

        One that a continuation pipes may be over before `handled` returns; then its own continuation still waits.
        """
        known = -1
        while self._tasks or known != self._delivered:
            if self._tasks:
                await asyncio.wait(self._tasks)
            known = self._delivered
            await handled()

    async def close(self, seconds: float) -> None:
        """Cancel all coroutines and wait up to `seconds` for them. No more outcomes are delivered."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            logger.error("%s: %r is still running after its cancellation", self._name, task)

    async def _run(self, coro: Coroutine[Any, Any, Any], deliver: Deliver) -> None:
        outcome = await self._outcome(coro)
        if not self._closed:
            self._delivered += 1
            deliver(outcome)

    async def _outcome(self, coro: Coroutine[Any, Any, Any]) -> Outcome[Any]:
        """Even a SystemExit is an outcome: otherwise it would end the loop, and its key would stay held."""
        try:
            return Done(await coro)
        except OpentraderError as error:
            return Failed(error)
        except BaseException as error:  # noqa: BLE001 - delivered as the outcome
            return Failed(self._fault(coro, error))

    def _fault(self, coro: Coroutine[Any, Any, Any], error: BaseException) -> InternalError:
        what = getattr(coro, "__qualname__", "a coroutine")
        if not self._closed:
            logger.error("%s: %s failed", self._name, what, exc_info=error)
        failure = InternalError(f"{self._name}: {what} failed")
        failure.__cause__ = error
        return failure

"""Ends waits that take too long."""

from __future__ import annotations

import asyncio
from collections import deque

from opentrader.actors.runtime.limits import EARLY


class Timeouts:
    """One timer for all waits of the same length, since these end in the order in which they began.

    Nearly every wait ends long before its deadline, and a timer that is created only to be canceled costs an
    asyncio loop more than a message through a mailbox does. For the loop's thread only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waits: dict[float, deque[tuple[float, asyncio.Future[None]]]] = {}

    def limit(self, wait: asyncio.Future[None], seconds: float) -> asyncio.Future[None]:
        """The same future; it gets a `TimeoutError` if it is not done in time."""
        due = self._loop.time() + seconds
        waits = self._waits.get(seconds)
        if waits is None:
            waits = self._waits[seconds] = deque()
            self._loop.call_at(due, self._expire, seconds)
        while waits and waits[0][1].done():
            waits.popleft()
        waits.append((due, wait))
        return wait

    def _expire(self, seconds: float) -> None:
        waits, now = self._waits[seconds], self._loop.time() + EARLY
        while waits and (waits[0][1].done() or waits[0][0] <= now):
            _, wait = waits.popleft()
            if not wait.done():
                wait.set_exception(TimeoutError())
        if waits:
            self._loop.call_at(waits[0][0], self._expire, seconds)
        else:
            del self._waits[seconds]

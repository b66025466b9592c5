"""Callbacks from any thread to an event loop: one wakeup of the loop runs all callbacks that wait."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

logger = logging.getLogger(__name__)


class Wakeup:
    """A queue of callbacks in front of one loop.

    `call_soon_threadsafe` writes to the loop's self-pipe at each call. With 64 requests in flight that is 64 system
    calls to wake a loop that is awake already. So it is called once, and again only after the loop has woken up.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._called = False

    def call(self, callback: Callable[..., object], *args: Any) -> None:
        """Run `callback(*args)` on the loop, in the order of the calls. Any thread; never raises or blocks."""
        self._waiting.append((callback, args))
        if not self._called:
            self._called = True
            try:
                self.loop.call_soon_threadsafe(self._run)
            except RuntimeError:  # the loop is closed: nothing can wait for the callback
                logger.debug("event loop closed; %d callbacks dropped", len(self._waiting))

    def _run(self) -> None:
        # Before the first callback: a callback that is appended from here on must wake the loop again.
        self._called = False
        for _ in range(len(self._waiting)):
            callback, args = self._waiting.popleft()
            try:
                callback(*args)
            except Exception:
                logger.exception("callback failed on the event loop")


_wakeups: WeakKeyDictionary[asyncio.AbstractEventLoop, Wakeup] = WeakKeyDictionary()


def wakeup_of(loop: asyncio.AbstractEventLoop) -> Wakeup:
    """The `Wakeup` of `loop`; each loop has one."""
    wakeup = _wakeups.get(loop)
    if wakeup is None:
        wakeup = _wakeups[loop] = Wakeup(loop)
    return wakeup

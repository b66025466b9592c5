"""From any thread to an event loop: however many callbacks wait, one wake-up brings them all."""

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

    `call_soon_threadsafe` writes to the loop's self-pipe each time it is called. With 64 asks in flight that
    is 64 system calls to wake a loop that is awake already, so the wakeup is rung only when nobody has rung
    since the loop last opened.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._rung = False

    def call(self, callback: Callable[..., object], *args: Any) -> None:
        """Run `callback(*args)` on the loop, in order of the calls. Any thread; never raises or blocks."""
        self._waiting.append((callback, args))
        if not self._rung:
            self._rung = True
            try:
                self.loop.call_soon_threadsafe(self._open)
            except RuntimeError:  # the loop is closed: nobody is left who could wait for the callback
                logger.debug("the event loop is closed; %d callbacks dropped", len(self._waiting))

    def _open(self) -> None:
        # Before the first callback: whoever appends from here on must ring again, or would wait for ever.
        self._rung = False
        for _ in range(len(self._waiting)):
            callback, args = self._waiting.popleft()
            try:
                callback(*args)
            except Exception:
                logger.exception("a callback failed on the event loop")


_wakeups: WeakKeyDictionary[asyncio.AbstractEventLoop, Wakeup] = WeakKeyDictionary()


def wakeup_of(loop: asyncio.AbstractEventLoop) -> Wakeup:
    """The one wakeup of `loop`."""
    wakeup = _wakeups.get(loop)
    if wakeup is None:
        wakeup = _wakeups[loop] = Wakeup(loop)
    return wakeup

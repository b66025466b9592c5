"""The source of ticks for all actors: one timer on the loop, however many actors listen."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from opentrader.actors.runtime.limits import EARLY
from opentrader.actors.runtime.message import Tick
from opentrader.domain.ports import Clock


@dataclass(slots=True)
class _Listener:
    send: Callable[[Tick], object]
    seconds: float
    due: float  # on the loop's own clock


class Ticker:
    """Sends `Tick(at)` to each listener at its interval. All methods are for the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock
        self._listeners: dict[str, _Listener] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def every(self, seconds: float, name: str, send: Callable[[Tick], object]) -> None:
        """Send ticks under this name, the first one after one interval; replaces an earlier entry of the name."""
        if not seconds > 0:
            raise ValueError(f"{name}: an interval must be positive, not {seconds}")
        self._listeners[name] = _Listener(send, seconds, self._loop.time() + seconds)
        self._arm()

    def stop(self) -> None:
        """Send no more ticks, not even to listeners that are added later."""
        self._stopped = True
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._listeners and not self._stopped:
            self._timer = self._loop.call_at(min(one.due for one in self._listeners.values()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        now, tick = self._loop.time() + EARLY, Tick(self._clock.steady())
        for listener in list(self._listeners.values()):
            if listener.due <= now:
                listener.due = _next_due(listener.due, listener.seconds, now)
                listener.send(tick)
        self._arm()


def _next_due(due: float, seconds: float, now: float) -> float:
    """The first multiple of the interval after `now`: a late loop does not catch up on missed ticks."""
    return due + seconds * (math.floor((now - due) / seconds) + 1)

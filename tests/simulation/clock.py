"""The time of a run, the ids that come from it, and what happens again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from ulid import ULID

from tests.simulation.loop import outside
from tests.simulation.market import START_MS


class LoopClock:
    """Wall time is the time of the loop; market time runs `speed` times as fast."""

    def __init__(self, loop: asyncio.AbstractEventLoop, speed: float = 1.0) -> None:
        self._loop, self.speed = loop, speed

    def wall(self) -> float:
        return START_MS / 1000 + self._loop.time()

    steady = wall

    def market_ms(self) -> int:
        return START_MS + round(self._loop.time() * 1000 * self.speed)


class SeededIds:
    """ULIDs whose random part comes from the seed; each is greater than the one before."""

    def __init__(self, clock: LoopClock, random: Random) -> None:
        self._clock, self._random, self._last = clock, random, 0

    def new(self) -> str:
        number = (self._clock.market_ms() << 80) | self._random.getrandbits(80)
        self._last = max(number, self._last + 1)
        return str(ULID.from_int(self._last))


def every(loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[[], object]) -> None:
    """Call something after each interval, for ever."""

    def again() -> None:
        call()
        loop.call_later(seconds, again, context=context)

    context = outside()
    loop.call_later(seconds, again, context=context)

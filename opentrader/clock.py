"""The system clock and the id generator: the two ports whose results differ from run to run."""

from __future__ import annotations

import time
from typing import NamedTuple

from ulid import ULID


class Pace(NamedTuple):
    """Market time was `market_ms` at wall time `wall` (Unix seconds), and runs `speed` times as fast as wall time."""

    market_ms: int
    wall: float
    speed: float

    def at(self, wall: float) -> int:
        """The market time, in Unix milliseconds, at a wall time in Unix seconds."""
        return self.market_ms + int((wall - self.wall) * self.speed * 1000)


WALL = Pace(0, 0.0, 1.0)


def steady() -> float:
    """Seconds of a clock that nobody can set. Time in which the machine sleeps counts where the platform reports it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SystemClock:
    """Wall time, steady time, and market time at a pace; by default they run alike.

    Steady and market time start at wall time and then follow the steady clock. If somebody sets the system clock, no
    poll is delayed, no deadline moves, and no order is declared lost too early.
    """

    def __init__(self, pace: Pace = WALL) -> None:
        self._pace = pace
        self._ahead = time.time() - steady()

    def wall(self) -> float:
        return time.time()

    def steady(self) -> float:
        return self._ahead + steady()

    def market_ms(self) -> int:
        return self._pace.at(self.steady())


class SortableIds:
    """ULIDs: 26 characters of Crockford's base 32, for 48 bits of Unix milliseconds and 80 random bits.

    On one thread each id is greater than the one before, also within one millisecond.
    """

    def new(self) -> str:
        return str(ULID())

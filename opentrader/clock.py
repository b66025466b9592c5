"""The real clock and the real names: the two ports that make a run unrepeatable, kept in one place."""

from __future__ import annotations

import secrets
import time
from typing import NamedTuple

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Pace(NamedTuple):
    """Market time was `market_ms` when the wall showed `wall` (Unix seconds), and runs `speed` times as fast."""

    market_ms: int
    wall: float
    speed: float

    def at(self, wall: float) -> int:
        """The market time in Unix milliseconds when the wall shows that."""
        return self.market_ms + int((wall - self.wall) * self.speed * 1000)


WALL = Pace(0, 0.0, 1.0)


def steady() -> float:
    """Seconds since some instant, whatever is done to the clock; the machine's sleep counts where it can be told."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SystemClock:
    """Wall time, and a market time that keeps a pace; without one the two are the same.

    Market time is the wall's at the start and steady from there on: when somebody sets the clock, neither a poll is
    put off by an hour nor is an order taken for lost an hour too early.
    """

    def __init__(self, pace: Pace = WALL) -> None:
        self._pace = pace
        self._ahead = time.time() - steady()

    def wall(self) -> float:
        return time.time()

    def market_ms(self) -> int:
        return self._pace.at(self._ahead + steady())


class SortableIds:
    """26 symbols of Crockford's base 32, as in a ULID: 48 bits of milliseconds, then 80 random bits."""

    def new(self) -> str:
        number = int(time.time() * 1000) << 80 | secrets.randbits(80)
        return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))

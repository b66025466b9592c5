"""The real clock and the real names: the two ports that make a run unrepeatable, kept in one place."""

from __future__ import annotations

import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SystemClock:
    """Wall time, and a market time that left the wall at `anchor` and runs `speed` times as fast.

    `anchor` is a Unix time in seconds. At speed 1 the two are the same.
    """

    def __init__(self, *, speed: float = 1.0, anchor: float = 0.0) -> None:
        self._speed, self._anchor = speed, anchor

    def wall(self) -> float:
        return time.time()

    def market_ms(self) -> int:
        return int((self._anchor + (time.time() - self._anchor) * self._speed) * 1000)


class SortableIds:
    """26 symbols of Crockford's base 32, as in a ULID: 48 bits of milliseconds, then 80 random bits."""

    def new(self) -> str:
        number = int(time.time() * 1000) << 80 | secrets.randbits(80)
        return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))

"""The governor: keeps the requests of the daemon below what the venue allows, and the most important ones possible.

Protection, cancels and closes, and the reads that they need, may use all of it; the state of orders and of the account
85 %; scans of the market 60 %. After a refusal for too many requests nothing is sent before the venue allows it again.

The venue counts a request in the minute in which it arrives, and its minutes are not ours. So a request counts here
from the moment it is sent until a whole minute after the last one at which it can have arrived: whichever 60 seconds
the venue looks at, all that arrives in them was counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Literal

from opentrader.domain.trading.exchange import ReadRefused

Purpose = Literal["protection", "state", "scan"]
SHARES: dict[Purpose, float] = {"protection": 1.0, "state": 0.85, "scan": 0.6}
WINDOW = 60.0  # seconds; the venue counts by the minute
LATEST = 20.0  # seconds after which a request arrives no more; one that is answered has arrived


class Governor:
    """`limit`: request weight a minute; 0: none. `now`: seconds of a clock that never goes back."""

    def __init__(self, limit: int, now: Callable[[], float]) -> None:
        self.limit = limit
        self._now = now
        self._used = 0
        self._leaving: Counter[int] = Counter()  # second -> weight that counts no more from then on
        self._blocked_until = 0.0

    @property
    def used(self) -> int:
        """The weight that counts now. Any thread: it only looks."""
        now = self._now()
        return self._used - sum(weight for second, weight in tuple(self._leaving.items()) if second <= now)

    @property
    def left(self) -> int | None:
        """The weight that is left; None without a limit."""
        return max(0, self.limit - self.used) if self.limit else None

    @property
    def pause(self) -> float:
        """Seconds until anything may be sent again; 0: now."""
        return max(0.0, self._blocked_until - self._now())

    @contextmanager
    def sending(self, weight: int, purpose: Purpose) -> Iterator[None]:
        """Count a request that is sent and answered within. Raises `ReadRefused`, with the pause, if it must wait."""
        self._admit(weight, purpose)
        arrived_by = self._now() + LATEST
        try:
            yield
            arrived_by = self._now()
        finally:
            self._leave(weight, max(arrived_by, self._now()))

    def calibrate(self, used: int) -> None:
        """What the venue has counted in its minute; others may use the same address."""
        if (others := used - self.used) > 0:
            self._used += others
            self._leave(others, self._now())

    def refused(self, retry_after_ms: int) -> None:
        """The venue has refused a request for now."""
        self._blocked_until = max(self._blocked_until, self._now() + retry_after_ms / 1000)

    def _admit(self, weight: int, purpose: Purpose) -> None:
        if self.pause:
            raise held("the exchange has refused further requests", self.pause)
        self._drop()
        used = self._used
        if self.limit and used + weight > (most := self.limit * SHARES[purpose]):
            raise held(f"{used} of {self.limit} request weight is used", self._until(most - weight))
        self._used += weight

    def _until(self, most: float) -> float:
        """Seconds until no more than this counts; what is not answered yet takes a minute at least."""
        used = self._used
        for second in sorted(self._leaving):
            used -= self._leaving[second]
            if used <= most:
                return second - self._now()
        return WINDOW

    def _drop(self) -> None:
        """Forget what counts no more."""
        now = self._now()
        for second in [second for second in self._leaving if second <= now]:
            self._used -= self._leaving.pop(second)

    def _leave(self, weight: int, arrived_by: float) -> None:
        self._leaving[ceil(arrived_by + WINDOW)] += weight


def held(why: str, seconds: float) -> ReadRefused:
    return ReadRefused(
        f"not sent: {why}; requests are possible again in {seconds:.0f} s",
        venue_code=-1003,
        retry_after=int(seconds * 1000) + 1,
    )

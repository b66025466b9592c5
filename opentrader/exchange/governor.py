"""The governor: keeps the requests of the daemon below what the venue allows, and the most important ones possible.

Protection, cancels and closes, and the reads that they need, may use all of it; the state of orders and of the account
85 %; scans of the market 60 %. After a refusal for too many requests nothing is sent before the venue allows it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from opentrader.domain.trading.exchange import ReadRefused

Purpose = Literal["protection", "state", "scan"]
SHARES: dict[Purpose, float] = {"protection": 1.0, "state": 0.85, "scan": 0.6}
WINDOW = 60.0  # seconds; the venue counts by the minute


class Governor:
    """`limit`: request weight a minute; 0: none. `now`: seconds of a clock whose minutes are those of the venue."""

    def __init__(self, limit: int, now: Callable[[], float]) -> None:
        self.limit = limit
        self._now = now
        self._minute, self._used, self._blocked_until = 0, 0, 0.0

    @property
    def used(self) -> int:
        """The weight used in this minute."""
        self._turn()
        return self._used

    @property
    def left(self) -> int | None:
        """The weight that is left in this minute; None without a limit."""
        return max(0, self.limit - self.used) if self.limit else None

    @property
    def pause(self) -> float:
        """Seconds until anything may be sent again; 0: now."""
        return max(0.0, self._blocked_until - self._now())

    def admit(self, weight: int, purpose: Purpose) -> None:
        """Count a request. Raises `ReadRefused`, with the pause, if it must wait."""
        self._turn()
        if self.pause:
            raise held("the exchange has refused further requests", self.pause)
        if self.limit and self._used + weight > self.limit * SHARES[purpose]:
            raise held(f"{self._used} of {self.limit} request weight is used", WINDOW - self._now() % WINDOW)
        self._used += weight

    def calibrate(self, used: int) -> None:
        """What the venue has counted in this minute; others may use the same address."""
        self._turn()
        self._used = max(self._used, used)

    def refused(self, retry_after_ms: int) -> None:
        """The venue has refused a request for now."""
        self._blocked_until = max(self._blocked_until, self._now() + retry_after_ms / 1000)

    def _turn(self) -> None:
        minute = int(self._now() // WINDOW)
        if minute != self._minute:
            self._minute, self._used = minute, 0


def held(why: str, seconds: float) -> ReadRefused:
    return ReadRefused(
        f"not sent: {why}; requests are possible again in {seconds:.0f} s",
        venue_code=-1003,
        retry_after=int(seconds * 1000) + 1,
    )

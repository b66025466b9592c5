"""The two ports of `opentrader.clock` as a test sets them: time moves when it says so, and ids are counted."""

from __future__ import annotations

from itertools import count

NOW = 1_714_219_200.0  # 2024-04-27T12:00Z, where candles of up to four hours close
NOW_MS = int(NOW * 1000)


class StillClock:
    """Stands still until a test moves it: `now` in seconds, as actors count, or `now_ms`, as candles and venues do.

    `set_back` is what somebody has turned the wall clock back by, in seconds.
    """

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.now_ms, self.set_back = now_ms, 0.0

    @property
    def now(self) -> float:
        return self.now_ms / 1000

    @now.setter
    def now(self, seconds: float) -> None:
        self.now_ms = round(seconds * 1000)

    def wall(self) -> float:
        return self.now - self.set_back

    def steady(self) -> float:
        return self.now

    def market_ms(self) -> int:
        return self.now_ms


class CountedIds:
    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        return f"id{next(self._numbers)}"

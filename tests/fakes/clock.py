"""The two ports of `opentrader.clock` as a test sets them: time moves when it says so, and names are counted."""

from __future__ import annotations

from itertools import count

NOW = 1_714_219_200.0  # 2024-04-27T12:00Z, where candles of up to four hours close


class StillClock:
    """Stands still in seconds, as actors count; market time is wall time."""

    def __init__(self) -> None:
        self.now = NOW

    def wall(self) -> float:
        return self.now

    def market_ms(self) -> int:
        return int(self.now * 1000)


class CandleClock:
    """Stands still in whole milliseconds, as candles and venues count; wall time is market time."""

    def __init__(self, now: int) -> None:
        self.now = now

    def wall(self) -> float:
        return self.now / 1000

    def market_ms(self) -> int:
        return self.now


class CountedIds:
    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        return f"id{next(self._numbers)}"

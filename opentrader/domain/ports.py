"""What the actors need from the outside, as protocols; `system.py` hands the implementations in.

Nothing in `domain/` or `actors/` reads a clock, draws a random number, opens a file or a socket: it asks one of
these. That is what makes a run repeatable.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import Timeframe


class Clock(Protocol):
    """Two times. Wall time drives HTTP, licences and signals; market time drives candles and fills."""

    def wall(self) -> float:
        """Unix time in seconds."""
        ...

    def market_ms(self) -> int:
        """Market time in Unix milliseconds; it runs `--speed` times as fast as the wall."""
        ...


class Ids(Protocol):
    """Where new names come from."""

    def new(self) -> str:
        """A fresh identifier: unique, sortable by time, letters and digits only."""
        ...


class Feed(Protocol):
    """Where candles come from.

    `source` names it in every answer (`simulated`, `files`, `binance`). Coroutines run on the system's loop.
    """

    source: str

    def listings(self) -> dict[str, Listing]:
        """The listed pairs by canonical name (`BTCUSDT`)."""
        ...

    async def candles(
        self, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int
    ) -> NDArray[np.float64]:
        """The last `limit` closed candles as of `now_ms`, and the forming one after them if there is one.

        Shape (n, 6): timestamp_ms of the opening, open, high, low, close, volume; oldest first, as the source
        tells it (not cleaned). Fewer rows where the history is shorter. Raises `SymbolNotFound` for a pair that
        is not listed and `ExchangeError` when the source fails.
        """
        ...

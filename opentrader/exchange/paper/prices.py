"""Prices of the paper exchange: the finest candles of its feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from opentrader.domain.analysis.candles import TS
from opentrader.domain.analysis.reading import candles_of, sound
from opentrader.domain.ports import Feed
from opentrader.domain.timeframes import DAY_MS, TF_MS, TIMEFRAMES, Timeframe
from opentrader.errors import ExchangeError
from opentrader.exchange.paper.matching.price_path import NO_PATH, Path

MINUTE_MS = 60_000
PIECE_MS = DAY_MS
"""A long period is replayed in pieces, and the event loop runs between them."""


class NoPrice(ExchangeError):
    """The market has no candle yet."""


class Prices(Protocol):
    """The closed candles of a market."""

    async def path(self, symbol: str, after: int, until: int) -> Path:
        """The candles that ended in (after, until]."""
        ...

    async def last(self, symbol: str, at: int) -> Decimal | None:
        """The last price at an instant; None before the first candle, constant after the last one."""
        ...

    async def traded_until(self, symbol: str, at: int) -> int:
        """The instant up to which the market is known: `at`, unless the candles end earlier."""
        ...


@runtime_checkable
class MinuteFeed(Feed, Protocol):
    """A feed with one-minute candles."""

    def minutes(self, pair: str, start_ms: int, end_ms: int) -> NDArray[np.float64]:
        """The one-minute candles that open in [start, end), shape (n, 6)."""
        ...


class MinutePrices:
    """Prices of a feed with one-minute candles. The last price of a symbol is worked out once a minute."""

    def __init__(self, feed: MinuteFeed) -> None:
        self._feed = feed
        self._last: dict[str, tuple[int, Decimal]] = {}

    async def path(self, symbol: str, after: int, until: int) -> Path:
        start, end = ((at // MINUTE_MS) * MINUTE_MS for at in (after, until))
        rows = [NO_PATH.rows]
        for at in range(start, end, PIECE_MS):
            minutes = self._feed.minutes(symbol, at, min(at + PIECE_MS, end))
            rows.append(sound(minutes, f"{symbol} 1m", step=MINUTE_MS, grid=0, now_ms=until))
            await asyncio.sleep(0)
        return Path(np.vstack(rows), MINUTE_MS)

    async def last(self, symbol: str, at: int) -> Decimal | None:
        minute, known = at // MINUTE_MS, self._last.get(symbol)
        if known is not None and known[0] == minute:
            return known[1]
        price = (await self.path(symbol, at - MINUTE_MS, at)).last(at)
        if price is not None:
            self._last[symbol] = (minute, price)
        return price

    async def traded_until(self, symbol: str, at: int) -> int:
        return at


class CandlePrices:
    """Prices of a feed without minutes: the candles of the shortest timeframe of each symbol."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._finest: dict[str, Timeframe] = {}

    async def path(self, symbol: str, after: int, until: int) -> Path:
        timeframe = await self._timeframe(symbol, until)
        if timeframe is None:
            return NO_PATH
        step = TF_MS[timeframe]
        limit = max(1, (until - after) // step + 1)
        rows = await candles_of(self._feed, symbol, timeframe, limit=limit, now_ms=until)
        path = Path(rows[rows[:, 0] + step <= until], step)
        return Path(path.rows[path.ends > after], step)

    async def last(self, symbol: str, at: int) -> Decimal | None:
        timeframe = await self._timeframe(symbol, at)
        if timeframe is None:
            return None
        rows = await candles_of(self._feed, symbol, timeframe, limit=1, now_ms=at)
        return Path(rows, TF_MS[timeframe]).last(at)

    async def traded_until(self, symbol: str, at: int) -> int:
        """The candle after the newest one may be forming, and not every feed shows it."""
        timeframe = await self._timeframe(symbol, at)
        if timeframe is None:
            return 0
        rows = await candles_of(self._feed, symbol, timeframe, limit=1, now_ms=at)
        return min(at, int(rows[-1, TS]) + 2 * TF_MS[timeframe]) if len(rows) else 0

    async def _timeframe(self, symbol: str, at: int) -> Timeframe | None:
        if symbol not in self._finest:
            async for timeframe in self._shown(symbol, at):
                self._finest[symbol] = timeframe
                break
        return self._finest.get(symbol)

    async def _shown(self, symbol: str, at: int) -> AsyncIterator[Timeframe]:
        for timeframe in TIMEFRAMES:
            if len(await candles_of(self._feed, symbol, timeframe, limit=1, now_ms=at)):
                yield timeframe


def prices_of(feed: Feed) -> Prices:
    """The finest prices of a feed."""
    return MinutePrices(feed) if isinstance(feed, MinuteFeed) else CandlePrices(feed)

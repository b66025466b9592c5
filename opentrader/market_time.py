"""The market that a data folder looks at: its feed, its clock, and the shift between recorded and market time.

What is chosen at the first start of a data folder is kept in it, so that history is the same after a restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from opentrader.clock import SystemClock
from opentrader.config import Settings
from opentrader.domain.ports import Feed
from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import Timeframe
from opentrader.feed import FilesChoice, open_feed
from opentrader.feed.weeks import shift_for
from opentrader.store import choices
from opentrader.store.database import Store

logger = logging.getLogger(__name__)


def shift_key(settings: Settings) -> str:
    """Under which choice the data folder keeps the shift of this feed."""
    at = f" at {settings.at.isoformat()}" if settings.at and isinstance(settings.feed, FilesChoice) else ""
    return f"feed.shift_ms {settings.feed}{at}"


class SettlingFeed:
    """A feed whose shift may still have to be chosen: it lists its markets at once, candles wait for the choice."""

    def __init__(self, listed: Feed, settled: asyncio.Future[Feed]) -> None:
        self.source = listed.source
        self._listings = listed.listings()
        self._settled = settled

    def listings(self) -> dict[str, Listing]:
        return self._listings

    async def candles(self, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int) -> NDArray[np.float64]:
        feed = await asyncio.shield(self._settled)
        return await feed.candles(pair, timeframe, limit=limit, now_ms=now_ms)


FirstShift = Callable[[int], Awaitable[int]]
"""Chooses, for a market time, the shift of the simulated market; both in milliseconds."""


class Market:
    """The feed and the clock of a running daemon."""

    def __init__(self, settings: Settings, store: Store, clock: SystemClock, first_shift: FirstShift) -> None:
        self.clock = clock
        self._settings, self._store, self._first_shift = settings, store, first_shift
        self._unshifted = open_feed(settings.feed)
        self._settled: asyncio.Future[Feed] = asyncio.get_running_loop().create_future()
        self._choosing: asyncio.Task[None] | None = None
        self.feed: Feed = SettlingFeed(self._unshifted, self._settled)

    def begin(self) -> None:
        """Choose the shift, unless the data folder has, and let the candles flow."""
        self._choosing = asyncio.create_task(self._settle())

    async def close(self) -> None:
        if self._choosing is not None:
            self._choosing.cancel()
            await asyncio.gather(self._choosing, return_exceptions=True)
        self._settled.cancel()

    async def _settle(self) -> None:
        try:
            shift_ms = await self._shift()
            self._settled.set_result(open_feed(self._settings.feed, shift_ms=shift_ms))
        except Exception as error:
            logger.exception("the market could not be opened")
            self._settled.set_exception(error)

    async def _shift(self) -> int:
        key = shift_key(self._settings)
        kept = await self._store.read_async(partial(choices.get, key=key))
        if kept is None:
            kept = await self._store.write(partial(choices.keep, key=key, text=str(await self._choose())))
        return int(kept)

    async def _choose(self) -> int:
        now_ms, at = self.clock.market_ms(), self._settings.at
        if isinstance(self._settings.feed, FilesChoice):
            return 0 if at is None else shift_for(int(at.timestamp() * 1000), now_ms)
        return await self._first_shift(now_ms)


async def open_market(settings: Settings, store: Store, first_shift: FirstShift) -> Market:
    """The market of these settings. Raises `ConfigError` for a feed that cannot be used."""
    clock = SystemClock(speed=settings.speed, anchor=await _anchor(settings.speed, store))
    return Market(settings, store, clock, first_shift)


async def _anchor(speed: float, store: Store) -> float:
    """When this data folder's market time left the wall; kept, for market time must not run backwards."""
    now = repr(SystemClock().wall())
    return float(await store.write(partial(choices.keep, key=f"market.anchor x{speed:g}", text=now)))

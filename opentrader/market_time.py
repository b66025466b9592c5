"""The market that a data folder looks at: its feed, its clock, and the shift between recorded and market time.

What is chosen at the first start of a data folder is kept in it, so that history is the same after a restart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from opentrader.clock import SystemClock
from opentrader.config import Settings
from opentrader.domain.ports import Clock, Feed
from opentrader.feed import FilesChoice, open_feed
from opentrader.feed.weeks import shift_for
from opentrader.store import choices
from opentrader.store.database import Store


def shift_key(settings: Settings) -> str:
    """Under which choice the data folder keeps the shift of this feed."""
    at = f" at {settings.at.isoformat()}" if settings.at and isinstance(settings.feed, FilesChoice) else ""
    return f"feed.shift_ms {settings.feed}{at}"


FirstShift = Callable[[int], Awaitable[int]]
"""Chooses, for a market time, the shift of the simulated market; both in milliseconds."""


@dataclass(frozen=True, slots=True)
class Market:
    """The feed and the clock of a running daemon."""

    feed: Feed
    clock: Clock


async def open_market(settings: Settings, store: Store, first_shift: FirstShift) -> Market:
    """The market of these settings. Raises `ConfigError` for a feed that cannot be used."""
    clock = SystemClock(speed=settings.speed, anchor=await _anchor(settings.speed, store))
    shift_ms = await _shift(settings, store, first_shift, clock.market_ms())
    return Market(open_feed(settings.feed, shift_ms=shift_ms), clock)


async def _shift(settings: Settings, store: Store, first_shift: FirstShift, now_ms: int) -> int:
    """The shift that the data folder keeps; it is chosen at the first start with these settings."""
    key = shift_key(settings)
    kept = await store.read_async(partial(choices.get, key=key))
    if kept is None:
        chosen = await _chosen(settings, first_shift, now_ms)
        kept = await store.write(partial(choices.keep, key=key, text=str(chosen)))
    return int(kept)


async def _chosen(settings: Settings, first_shift: FirstShift, now_ms: int) -> int:
    if isinstance(settings.feed, FilesChoice):
        return 0 if settings.at_ms is None else shift_for(settings.at_ms, now_ms)
    return await first_shift(now_ms)


async def _anchor(speed: float, store: Store) -> float:
    """When this data folder's market time left the wall; kept, for market time must not run backwards."""
    now = repr(SystemClock().wall())
    return float(await store.write(partial(choices.keep, key=f"market.anchor x{speed:g}", text=now)))

"""The market of a data folder: its feed, its clock, and the shift between recorded and market time.

The choices made at the first start are stored in the data folder, so that history is the same after a restart. Market
time continues while no daemon runs; at a new speed it continues from the time reached.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from opentrader.clock import WALL, Pace, SystemClock
from opentrader.config.settings import Settings
from opentrader.domain.ports import Clock, Feed
from opentrader.feed import FilesChoice, open_feed
from opentrader.feed.weeks import shift_for
from opentrader.store import Connection
from opentrader.store.sqlite.database import Store
from opentrader.store.tables import settings as settings_table
from opentrader.store.tables import signals

logger = logging.getLogger(__name__)

_MARKET = "signals.market"
_PACE = "market.pace"


def shift_key(settings: Settings) -> str:
    """The key under which the data folder stores the shift of this feed."""
    feed = settings.feed
    if not isinstance(feed, FilesChoice):
        return f"feed.shift_ms {feed}"
    at = f" at {settings.at.isoformat()}" if settings.at else ""
    return f"feed.shift_ms {FilesChoice(feed.directory.resolve())}{at}"


def stored_shift(settings: Settings, connection: Connection) -> int | None:
    """The stored shift of this feed, in milliseconds; None before the first start."""
    text = settings_table.get(connection, shift_key(settings))
    return None if text is None else int(text)


def stored_pace(connection: Connection) -> Pace | None:
    """The pace of the market time of this data folder; None if no daemon has run there."""
    text = settings_table.get(connection, _PACE)
    if text is None:
        return None
    market_ms, wall, speed = text.split()
    return Pace(int(market_ms), float(wall), float(speed))


FirstShift = Callable[[int], Awaitable[int]]
"""Chooses the shift of the simulated market for a market time; both in milliseconds."""


@dataclass(frozen=True, slots=True)
class Market:
    """The feed and the clock of a running daemon."""

    feed: Feed
    clock: Clock


async def open_market(settings: Settings, store: Store, first_shift: FirstShift) -> Market:
    """Open the market of these settings. Raises `ConfigError` for a feed that cannot be used.

    What it stores is vital: without a market nothing can be closed.
    """
    clock = SystemClock(await store.write(partial(_paced, settings.speed, SystemClock().wall()), vital=True))
    shift_ms = await _shift(settings, store, first_shift, clock.market_ms())
    feed = open_feed(settings.feed, shift_ms=shift_ms)
    expired = await store.write(partial(_enter, shift_key(settings), int(clock.wall())), vital=True)
    if expired:
        text = "feed changed to %s; pending signals of the previous feed expired: %s"
        logger.warning(text, settings.feed, ", ".join(expired))
    return Market(feed, clock)


def _enter(market: str, at: int, connection: Connection) -> list[str]:
    """Store which market this is, and expire the signals of another one. Returns the pairs of the expired signals."""
    before = settings_table.get(connection, _MARKET)
    if before == market:
        return []
    settings_table.put(connection, _MARKET, market)
    return [] if before is None else signals.abandon(connection, at)


async def _shift(settings: Settings, store: Store, first_shift: FirstShift, now_ms: int) -> int:
    """The shift stored in the data folder; the first start with these settings chooses it."""
    stored = await store.read_async(partial(stored_shift, settings))
    if stored is not None:
        return stored
    chosen = await _chosen(settings, first_shift, now_ms)
    keep = partial(settings_table.keep, key=shift_key(settings), text=str(chosen))
    return int(await store.write(keep, vital=True))


async def _chosen(settings: Settings, first_shift: FirstShift, now_ms: int) -> int:
    if isinstance(settings.feed, FilesChoice):
        return 0 if settings.at_ms is None else shift_for(settings.at_ms, now_ms)
    return await first_shift(now_ms)


def _paced(speed: float, wall: float, connection: Connection) -> Pace:
    """The stored pace, or a new one of this speed from now on."""
    stored = stored_pace(connection)
    if stored is not None and stored.speed == speed:
        return stored
    pace = Pace((stored or WALL).at(wall), wall, speed)
    settings_table.put(connection, _PACE, f"{pace.market_ms} {pace.wall!r} {pace.speed!r}")
    return pace

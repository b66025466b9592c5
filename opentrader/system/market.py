"""The market that a data folder looks at: its feed, its clock, and the shift between recorded and market time.

What is chosen at the first start of a data folder is kept in it, so that history is the same after a restart. Market
time goes on while no daemon runs, and from where it was when the next one runs at another speed.
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
from opentrader.store.tables import settings as choices
from opentrader.store.tables import signals

logger = logging.getLogger(__name__)

_MARKET = "signals.market"
_PACE = "market.pace"


def shift_key(settings: Settings) -> str:
    """Under which choice the data folder keeps the shift of this feed."""
    feed = settings.feed
    if not isinstance(feed, FilesChoice):
        return f"feed.shift_ms {feed}"
    at = f" at {settings.at.isoformat()}" if settings.at else ""
    return f"feed.shift_ms {FilesChoice(feed.directory.resolve())}{at}"


def kept_pace(connection: Connection) -> Pace | None:
    """The pace of this data folder's market time; None where no daemon has run."""
    text = choices.get(connection, _PACE)
    if text is None:
        return None
    market_ms, wall, speed = text.split()
    return Pace(int(market_ms), float(wall), float(speed))


FirstShift = Callable[[int], Awaitable[int]]
"""Chooses, for a market time, the shift of the simulated market; both in milliseconds."""


@dataclass(frozen=True, slots=True)
class Market:
    """The feed and the clock of a running daemon."""

    feed: Feed
    clock: Clock


async def open_market(settings: Settings, store: Store, first_shift: FirstShift) -> Market:
    """The market of these settings. Raises `ConfigError` for a feed that cannot be used."""
    clock = SystemClock(await store.write(partial(_paced, settings.speed, SystemClock().wall())))
    shift_ms = await _shift(settings, store, first_shift, clock.market_ms())
    feed = open_feed(settings.feed, shift_ms=shift_ms)
    expired = await store.write(partial(_enter, shift_key(settings), int(clock.wall())))
    if expired:
        told = "the market is another one now (%s): what was signalled in the old one has expired, %s"
        logger.warning(told, settings.feed, ", ".join(expired))
    return Market(feed, clock)


def _enter(market: str, at: int, connection: Connection) -> list[str]:
    """Keep which market this is; signals of another one mean nothing in it. The pairs whose signals expired."""
    before = choices.get(connection, _MARKET)
    choices.put(connection, _MARKET, market)
    return [] if before in {None, market} else signals.abandon(connection, at)


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


def _paced(speed: float, wall: float, connection: Connection) -> Pace:
    """The pace that is kept, or from now on one of that speed."""
    kept = kept_pace(connection)
    if kept is not None and kept.speed == speed:
        return kept
    pace = Pace((kept or WALL).at(wall), wall, speed)
    choices.put(connection, _PACE, f"{pace.market_ms} {pace.wall!r} {pace.speed!r}")
    return pace

"""The simulated market: candles of any timeframe as a pure function of (seed, coin, time).

The history begins on Monday 2014-01-06, 00:00 UTC. The finest candle is one minute; every longer candle is the exact
aggregate of its minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import TF_MS, Timeframe, open_time
from opentrader.errors import SymbolNotFound
from opentrader.feed.choice import DEFAULT_SEED
from opentrader.feed.coins import KNOWN, coin_of, usdt_listings
from opentrader.feed.minutes import MINUTE_MS, minutes_of
from opentrader.feed.noise import Floats
from opentrader.feed.price_path import ATOM_MS, BLOCK, VOLUME_GRAIN, CoinMarket, block, market
from opentrader.feed.windows import Rows, Windows

HISTORY_START_MS = 1_388_966_400_000  # 2014-01-06 00:00 UTC, a Monday
_BLOCKS_HELD = 48  # 160 KiB each
_ROWS_HELD = 600_000  # 48 bytes each
_ATOMS_HELD = 512  # 600 bytes each; a venue over this feed requests the same quarter hours repeatedly


class SimulatedFeed:
    """A `Feed` without a network. Runs on one thread; its coroutine yields every millisecond or two.

    `listings` replaces the listed coins; any base coin can be simulated. Candles appear `shift_ms` later than recorded.
    """

    source = "simulated"

    def __init__(
        self, seed: int = DEFAULT_SEED, *, listings: Iterable[Listing] | None = None, shift_ms: int = 0
    ) -> None:
        offered = usdt_listings(KNOWN) if listings is None else listings
        self._listings = {listing.pair: listing for listing in offered}
        self._shift_ms = shift_ms
        self._seed = seed
        self._markets: dict[str, CoinMarket] = {}
        self._windows = Windows(_ROWS_HELD)
        self._block = lru_cache(_BLOCKS_HELD)(self._make_block)
        self._atom_minutes = lru_cache(_ATOMS_HELD)(self._draw_minutes)

    def listings(self) -> dict[str, Listing]:
        return dict(self._listings)

    async def candles(self, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int) -> Rows:
        """See the port. The forming candle contains the closed minutes: its close is the current price."""
        self._market(pair)
        now = now_ms - self._shift_ms
        end = open_time(now, timeframe)
        start = max(end - limit * TF_MS[timeframe], HISTORY_START_MS)
        closed = await self._closed(pair, timeframe, start, end)
        return self._shifted(np.vstack((closed, self._forming(pair, end, now))))

    def window(self, pair: str, timeframe: Timeframe, start_ms: int, end_ms: int) -> Rows:
        """The whole candles that open in [start, end), shape (n, 6), at any market time."""
        step = TF_MS[timeframe]
        start, end = (self._recorded(at, timeframe, step) for at in (start_ms, end_ms))
        return self._shifted(_stacked(self._pieces(pair, timeframe, start, end)))

    def minutes(self, pair: str, start_ms: int, end_ms: int) -> Rows:
        """The one-minute candles that open in [start, end), shape (n, 6), at any market time."""
        start, end = (self._recorded(at, "15m", MINUTE_MS) for at in (start_ms, end_ms))
        return self._shifted(self._minutes(pair, start, end))

    def _recorded(self, at_ms: int, timeframe: Timeframe, step: int) -> int:
        """The first candle opening on the grid of a timeframe, `step` apart, at or after an instant of the caller."""
        at = at_ms - self._shift_ms
        base = open_time(at, timeframe)
        return max(base - (base - at) // step * step, HISTORY_START_MS)

    def _shifted(self, rows: Rows) -> Rows:
        rows[:, 0] += self._shift_ms
        return rows

    async def _closed(self, pair: str, timeframe: Timeframe, start: int, end: int) -> Rows:
        held = self._windows.held(pair, timeframe, start, end)
        rows = [held]
        for piece in self._pieces(pair, timeframe, start + len(held) * TF_MS[timeframe], end):
            rows.append(piece)
            await asyncio.sleep(0)
        window = np.vstack(rows)
        self._windows.keep(pair, timeframe, window)
        return window

    def _pieces(self, pair: str, timeframe: Timeframe, start: int, end: int) -> Iterator[Rows]:
        """The candles of [start, end), about one block of atoms at a time."""
        step = TF_MS[timeframe]
        atoms = step // ATOM_MS
        for at in range(start, end, max(1, BLOCK // atoms) * step):
            count = min(max(1, BLOCK // atoms), (end - at) // step)
            columns = self._atoms(pair, at // ATOM_MS, count * atoms)
            yield self._rows(pair, _aggregate(columns, atoms), at, step)

    def _atoms(self, pair: str, first: int, count: int) -> Floats:
        """Atoms `first` to `first + count - 1`, shape (5, count), in ticks and grains."""
        numbers = range(first // BLOCK, (first + count - 1) // BLOCK + 1)
        columns = np.hstack([self._block(pair, number) for number in numbers])
        skipped = first - numbers[0] * BLOCK
        return columns[:, skipped : skipped + count]

    def _minutes(self, pair: str, start: int, end: int) -> Rows:
        if start >= end:
            return np.empty((0, 6))
        first, last = start // ATOM_MS, (end - 1) // ATOM_MS
        columns = self._atom_minutes(pair, first) if first == last else self._draw_minutes(pair, first, last)
        rows = self._rows(pair, columns, first * ATOM_MS, MINUTE_MS)
        return rows[(start - first * ATOM_MS) // MINUTE_MS : (end - first * ATOM_MS) // MINUTE_MS]

    def _draw_minutes(self, pair: str, first: int, last: int | None = None) -> Floats:
        """The minutes of atoms `first` to `last` (default `first`), shape (5, n), in ticks and grains."""
        count = 1 if last is None else last - first + 1
        return minutes_of(self._market(pair), first, self._atoms(pair, first, count))

    def _forming(self, pair: str, start: int, now: int) -> Rows:
        """The forming candle that opened at `start`, from its closed minutes; none before the history."""
        if start < HISTORY_START_MS:
            return np.empty((0, 6))
        atom, minute = now // ATOM_MS * ATOM_MS, now // MINUTE_MS * MINUTE_MS
        past = _stacked(self._pieces(pair, "15m", start, atom))
        rows = np.vstack((past, self._minutes(pair, atom, minute)))
        if len(rows) == 0:
            opened = self._minutes(pair, minute, minute + MINUTE_MS)[0, 1]
            return np.array([[start, opened, opened, opened, opened, 0.0]])
        return np.vstack((rows[:1, 0], _aggregate(rows[:, 1:].T, len(rows)))).T

    def _rows(self, pair: str, columns: Floats, start: int, step: int) -> Rows:
        """Candles as rows of prices and coins; `columns` has shape (5, n), in ticks and grains."""
        rows = np.empty((columns.shape[1], 6))
        rows[:, 0] = start + np.arange(len(rows)) * float(step)
        rows[:, 1:5] = columns[:4].T / 10.0 ** self._market(pair).coin.decimals
        rows[:, 5] = columns[4] / VOLUME_GRAIN
        return rows

    def _market(self, pair: str) -> CoinMarket:
        if pair not in self._markets:
            base = self._listing(pair).base
            self._markets[pair] = market(self._seed, pair, coin_of(base))
        return self._markets[pair]

    def _listing(self, pair: str) -> Listing:
        try:
            return self._listings[pair]
        except KeyError:
            raise SymbolNotFound(f"the simulated market does not list {pair}") from None

    def _make_block(self, pair: str, number: int) -> Floats:
        return block(self._market(pair), number)


def _stacked(pieces: Iterable[Rows]) -> Rows:
    return np.vstack([np.empty((0, 6)), *pieces])


def _aggregate(columns: Floats, count: int) -> Floats:
    """Aggregate every `count` candles into one: (5, n * count) to (5, n). Exact, because all numbers are whole."""
    opened, high, low, closed, volume = columns.reshape(5, -1, count)
    return np.stack((opened[:, 0], high.max(axis=1), low.min(axis=1), closed[:, -1], volume.sum(axis=1)))

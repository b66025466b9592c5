"""The analysis without a daemon, for scripts, notebooks and the CLI: a feed, a market time, pure functions.

Market time is exactly the `at` of the settings; without `at` it is now, on the market clock of the data folder if a
daemon has run there. All functions are synchronous, and may be called while an event loop runs, as in a notebook.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from opentrader.actors.analysis.market_analyzer import reply_to
from opentrader.actors.analysis.scanner import market_scan, trend_scan
from opentrader.actors.messages import (
    Explain,
    ExplanationOf,
    MarketOf,
    MarketScan,
    ScanFailure,
    ScanMarkets,
    ScanTrends,
    TrendScan,
)
from opentrader.actors.messages.validation import validated
from opentrader.clock import WALL, SystemClock
from opentrader.config.settings import Settings
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.analysis.parameters import HISTORY
from opentrader.domain.analysis.reading import candles_of
from opentrader.domain.analysis.trend import TrendResult
from opentrader.domain.ports import Feed
from opentrader.domain.symbols import listing_of
from opentrader.domain.timeframes import HTF_OF, TF_MS, Timeframe
from opentrader.errors import OpentraderError, StorageError
from opentrader.feed import open_feed
from opentrader.store.sqlite.read_only import read_store
from opentrader.system.market import stored_pace, stored_shift
from opentrader.system.timeline import known_shift

T = TypeVar("T")
Rows = NDArray[np.float64]
Progress = Callable[[str], None]

logger = logging.getLogger(__name__)


class OpenedMarket(NamedTuple):
    """A feed, and the market time to read it at, in Unix milliseconds."""

    feed: Feed
    now_ms: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One market: its context, the market time (Unix ms) and the (n, 6) rows it was computed from.

    The rows include the forming candle, if there is one.
    """

    context: MarketContext
    now_ms: int
    htf: Rows
    mtf: Rows

    @property
    def price(self) -> float | None:
        """The last price, including the forming candle; None without candles."""
        return float(self.mtf[-1, 4]) if len(self.mtf) else None


def analyze_symbol(
    symbol: str,
    mtf_tf: Timeframe = "4h",
    htf_tf: Timeframe | None = None,
    *,
    settings: Settings | None = None,
) -> MarketContext:
    """The context of one market, e.g. `analyze_symbol("BTC", mtf_tf="4h", htf_tf="1d")`.

    Without `settings`, reads them from the environment and the configuration file. Raises `ConfigError`,
    `InvalidInput`, `SymbolNotFound`, and `ExchangeError` when the feed fails.
    """
    return read_market(symbol, mtf_tf, htf_tf, settings=settings).context


def read_market(
    symbol: str,
    mtf_tf: Timeframe = "4h",
    htf_tf: Timeframe | None = None,
    *,
    settings: Settings | None = None,
) -> Reading:
    """As `analyze_symbol`, and the candles."""
    asked = validated(MarketOf(symbol, mtf_tf, htf_tf))
    return _wait(_reading(open_market(settings or Settings()), symbol, mtf_tf, htf_tf or HTF_OF[asked.mtf_tf]))


def scan_market(
    mtf_tf: Timeframe = "4h",
    *,
    settings: Settings | None = None,
    progress: Progress = lambda _symbol: None,
) -> tuple[MarketScan, list[Reading]]:
    """The context of every symbol on the watchlist, as `GET /api/market/scan` returns it, and the readings.

    A symbol that cannot be read is listed in `failed`. `progress` is called after each symbol.
    """
    chosen, framed = settings or Settings(), HTF_OF[validated(ScanMarkets(mtf_tf)).mtf_tf]
    market = open_market(chosen)
    readings, failed = _wait(_each(chosen.watchlist, lambda symbol: _reading(market, symbol, mtf_tf, framed), progress))
    contexts = [reading.context for reading in readings]
    scan = market_scan(market.feed.source, mtf_tf, contexts, failed, chosen.market_ttl_seconds)
    return scan, readings


def scan_trend(
    timeframe: Timeframe = "4h",
    *,
    settings: Settings | None = None,
    progress: Progress = lambda _symbol: None,
) -> TrendScan:
    """The six votes on every symbol on the watchlist, as `GET /api/trend/scan` returns them."""
    chosen = settings or Settings()
    validated(ScanTrends(timeframe))
    market = open_market(chosen)
    results, failed = _wait(_each(chosen.watchlist, lambda symbol: _trend(market, symbol, timeframe), progress))
    return trend_scan(market.feed.source, timeframe, results, failed)


def explain(context: MarketContext) -> Explain:
    """The seven levels behind a decision, as `GET /api/explain/SYMBOL` returns them."""
    explained = reply_to(ExplanationOf(context.symbol), context)
    assert isinstance(explained, Explain)
    return explained


def open_market(settings: Settings) -> OpenedMarket:
    """The feed of the settings at their market time. Raises `ConfigError` for a feed that cannot be opened."""
    now_ms = market_now_ms(settings) if settings.at_ms is None else settings.at_ms
    return OpenedMarket(open_feed(settings.feed, shift_ms=market_shift(settings, now_ms)), now_ms)


def latest_candle(market: OpenedMarket, symbol: str, timeframe: Timeframe = "4h") -> int | None:
    """The close time of the last closed candle of a market, in Unix milliseconds; None without one."""
    pair = listing_of(symbol, market.feed.listings()).pair
    rows = _wait(candles_of(market.feed, pair, timeframe, limit=1, now_ms=market.now_ms))
    ends = rows[:, 0] + TF_MS[timeframe]
    return max((int(end) for end in ends if end <= market.now_ms), default=None)


def market_now_ms(settings: Settings) -> int:
    """The market time of this data folder in Unix milliseconds; wall time if no daemon has run there."""
    try:
        pace = read_store(settings.data_dir, stored_pace)
    except StorageError as error:
        logger.warning("using wall time, because the market clock of the data folder cannot be read: %s", error)
        pace = None
    return SystemClock(pace or WALL).market_ms()


def market_shift(settings: Settings, now_ms: int) -> int:
    """The milliseconds by which the daemon of this data folder shifts recorded candles, or would at a first start now.

    0 with `at`, and for a market whose first week would have to be searched for. Only reads, so that it works beside a
    running daemon.
    """
    if settings.at is not None:
        return 0
    s = settings
    try:
        stored = read_store(s.data_dir, partial(stored_shift, s))
    except StorageError as error:
        logger.warning("candles are not shifted, because the shift of the data folder cannot be read: %s", error)
        return 0
    if stored is not None:
        return stored
    shift_ms = known_shift(
        choice=s.feed,
        watchlist=s.watchlist,
        mr_timeframe=s.mr_timeframe,
        now_ms=now_ms,
        mr_history=s.mr_history,
        mr_require_gate=s.mr_require_gate,
    )
    return shift_ms or 0


async def _reading(market: OpenedMarket, symbol: str, mtf_tf: Timeframe, htf_tf: Timeframe) -> Reading:
    from opentrader.indicators import market_context

    feed, now_ms = market
    listing = listing_of(symbol, feed.listings())
    htf = await candles_of(feed, listing.pair, htf_tf, limit=HISTORY, now_ms=now_ms)
    mtf = await candles_of(feed, listing.pair, mtf_tf, limit=HISTORY, now_ms=now_ms)
    context = market_context(htf, mtf, htf_tf=htf_tf, mtf_tf=mtf_tf, now_ms=now_ms, symbol=listing.name)
    return Reading(context=context, now_ms=now_ms, htf=htf, mtf=mtf)


async def _trend(market: OpenedMarket, symbol: str, timeframe: Timeframe) -> TrendResult:
    from opentrader.indicators import trend_result

    feed, now_ms = market
    listing = listing_of(symbol, feed.listings())
    rows = await candles_of(feed, listing.pair, timeframe, limit=HISTORY, now_ms=now_ms)
    return trend_result(rows, timeframe, now_ms=now_ms, symbol=listing.name, source=feed.source)


async def _each(
    symbols: Iterable[str], read: Callable[[str], Awaitable[T]], progress: Progress
) -> tuple[list[T], list[ScanFailure]]:
    """The results in order, and the failures."""
    results: list[T] = []
    failed: list[ScanFailure] = []
    for symbol in symbols:
        try:
            results.append(await read(symbol))
        except OpentraderError as error:
            failed.append(ScanFailure(symbol, error.code, error.detail))
        progress(symbol)
    return results, failed


def _wait(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; on a new thread if this one already runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()

"""Where the simulated market's timeline is entered at the first start of a data folder: the feed searches, the analysis
judges."""

from __future__ import annotations

import logging
from functools import partial

from opentrader.config import Settings
from opentrader.domain.ports import Feed
from opentrader.domain.symbols import listing_of
from opentrader.domain.timeframes import HTF_OF, Timeframe
from opentrader.kernels import Kernels

logger = logging.getLogger(__name__)

_SCANNED: Timeframe = "4h"  # what a scan looks at when nobody says otherwise


async def first_shift(settings: Settings, kernels: Kernels, feed: Feed, now_ms: int) -> int:
    """The shift in milliseconds under which a newcomer's first scans show a trade and a signal."""
    from opentrader.feed.first_week import first_week

    await kernels.wait_warm()
    listings = feed.listings()
    pairs = [listing_of(symbol, listings).pair for symbol in settings.watchlist]
    found = await first_week(feed, pairs, now_ms, explains=_explains_trade, signals=partial(_signals_buy, settings))
    if not (found.trade and found.signal):
        logger.warning("no week of this market shows both a trade and a signal on this watchlist")
    return found.shift_ms


def _explains_trade(htf: object, mtf: object, now_ms: int) -> bool:
    from opentrader.indicators import market_context

    context = market_context(htf, mtf, htf_tf=HTF_OF[_SCANNED], mtf_tf=_SCANNED, now_ms=now_ms)  # type: ignore[arg-type]
    return context.priority_decision.startswith("trade_")


def _signals_buy(settings: Settings, rows: object, now_ms: int) -> bool:
    from opentrader.indicators import mr_signal

    return getattr(mr_signal(rows, settings.mr_timeframe, now_ms=now_ms), "direction", None) == "buy"  # type: ignore[arg-type]

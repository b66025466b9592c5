"""Where the simulated market's timeline is entered at the first start of a data folder: the feed searches, the analysis
judges."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from opentrader.domain.analysis.candles import Block
from opentrader.domain.symbols import listing_of
from opentrader.domain.timeframes import HTF_OF, Timeframe
from opentrader.feed import FeedChoice, SimulatedChoice, open_feed
from opentrader.feed.known_weeks import known_week

if TYPE_CHECKING:
    from opentrader.config.settings import Settings
    from opentrader.domain.ports import Kernels

logger = logging.getLogger(__name__)

_SCANNED: Timeframe = "4h"  # what a scan looks at when nobody says otherwise


def known_shift(
    choice: FeedChoice,
    watchlist: tuple[str, ...],
    mr_timeframe: Timeframe,
    now_ms: int,
    mr_history: int = 1000,
    mr_require_gate: bool = False,
) -> int | None:
    """What `first_shift` would find, for the market of most newcomers; None for any other."""
    from opentrader.config.settings import DEFAULT_WATCHLIST
    from opentrader.feed.first_week import shift_to

    usual = (SimulatedChoice(), DEFAULT_WATCHLIST, _SCANNED, 1000, False)
    asked = (choice, watchlist, mr_timeframe, mr_history, mr_require_gate)
    return shift_to(now_ms, known_week(now_ms)) if asked == usual else None


async def found_shift(settings: Settings, kernels: Kernels, now_ms: int) -> int:
    """The shift that is known, or the one that a search finds where the kernels run."""
    s = settings
    asked = (s.feed, s.watchlist, s.mr_timeframe, now_ms, s.mr_history, s.mr_require_gate)
    known = known_shift(*asked)
    if known is None:
        known = int(await kernels.run("opentrader.system.timeline.first_shift", *asked))
    return known


def first_shift(
    choice: FeedChoice,
    watchlist: tuple[str, ...],
    mr_timeframe: Timeframe,
    now_ms: int,
    mr_history: int = 1000,
    mr_require_gate: bool = False,
) -> int:
    """The shift in milliseconds under which a newcomer's first scans show a trade and a signal.

    Takes a fraction of a second with compiled kernels; without, up to a minute where such weeks are rare.
    """
    from opentrader.feed.first_week import first_week

    feed = open_feed(choice)
    pairs = [listing_of(symbol, feed.listings()).pair for symbol in watchlist]
    found = asyncio.run(
        first_week(
            feed,
            pairs,
            now_ms,
            explains=_explains_trade,
            signals=partial(_signals_buy, mr_timeframe, mr_require_gate),
            signal_timeframe=mr_timeframe,
            signal_history=mr_history,
        )
    )
    if not (found.trade and found.signal):
        logger.warning("no week of this market shows both a trade and a signal on this watchlist")
    return found.shift_ms


def _explains_trade(htf: Block, mtf: Block, now_ms: int) -> bool:
    from opentrader.indicators import market_context

    context = market_context(htf, mtf, htf_tf=HTF_OF[_SCANNED], mtf_tf=_SCANNED, now_ms=now_ms)
    return context.priority_decision.startswith("trade_")


def _signals_buy(timeframe: Timeframe, require_gate: bool, rows: Block, now_ms: int) -> bool:
    from opentrader.domain.analysis.mean_reversion import MrSignal
    from opentrader.indicators import mr_signal

    found = mr_signal(rows, timeframe, now_ms=now_ms)
    return isinstance(found, MrSignal) and found.direction == "buy" and (found.gate_ok or not require_gate)

"""Where the first start of a data folder enters the timeline of the simulated market.

The feed searches for a week, the analysis decides whether it is suitable.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from opentrader.domain.analysis.candles import Block
from opentrader.domain.symbols import listed
from opentrader.domain.timeframes import HTF_OF, Timeframe
from opentrader.feed import FeedChoice, SimulatedChoice, open_feed
from opentrader.feed.known_weeks import known_week

if TYPE_CHECKING:
    from opentrader.config.settings import Settings
    from opentrader.domain.ports import Kernels

logger = logging.getLogger(__name__)

_SCANNED: Timeframe = "4h"  # the default timeframe of a scan


def known_shift(
    choice: FeedChoice,
    watchlist: tuple[str, ...],
    mr_timeframe: Timeframe,
    now_ms: int,
    mr_history: int = 1000,
    mr_require_gate: bool = False,
) -> int | None:
    """The result of `first_shift` for the default settings, known in advance; None for any others."""
    from opentrader.config.settings import DEFAULT_WATCHLIST
    from opentrader.feed.first_week import shift_to

    usual = (SimulatedChoice(), DEFAULT_WATCHLIST, _SCANNED, 1000, False)
    asked = (choice, watchlist, mr_timeframe, mr_history, mr_require_gate)
    return shift_to(now_ms, known_week(now_ms)) if asked == usual else None


async def found_shift(settings: Settings, kernels: Kernels, now_ms: int) -> int:
    """The shift known in advance, or the result of a search that runs where the kernels run."""
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
    """The shift in milliseconds with which the first scans of a new user show a trade and a signal.

    Takes a fraction of a second with compiled kernels; without them, up to a minute where such weeks are rare.
    """
    from opentrader.feed.first_week import first_week

    feed = open_feed(choice)
    pairs = listed(watchlist, feed.listings())
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
        logger.warning("no week of the simulated market has both a trade and a signal on this watchlist")
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

"""The candles of one timeframe that an analyzer has taken in, and their living analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from opentrader.domain.analysis.candles import Candles
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.timeframes import TF_MS, Timeframe

if TYPE_CHECKING:
    from opentrader.indicators.state import AnalysisState

_CATCH_UP = 100  # more missing candles than this are fetched with the whole history


class Key(NamedTuple):
    """Which series: its timeframe, how many candles it begins with, and whether it carries the MR replay."""

    timeframe: Timeframe
    history: int
    replay: bool = False


class Arrived(NamedTuple):
    """Rows of a fetch; `whole` when they are the series from its beginning."""

    key: Key
    rows: Any
    whole: bool


class CandleSeries:
    """Grows by one candle at a time.

    The state's history is never cut, for recursive averages depend on where it begins; of the candles themselves the
    last `key.history` are kept.
    """

    def __init__(self, key: Key, candles: Candles) -> None:
        from opentrader.indicators.state import AnalysisState

        self._key = key
        self.candles = candles
        self.state: AnalysisState = AnalysisState.of(candles, key.timeframe, replay=key.replay)

    @property
    def last_ms(self) -> int:
        """Opening of the newest candle in milliseconds, 0 without one."""
        return self.state.last_ts or 0

    @property
    def due_ms(self) -> int:
        """When the next candle has closed."""
        return due_ms(self.candles, self._key.timeframe)

    def extend(self, candles: Candles) -> bool:
        """Take in closed candles, the newest known among them; False when they do not continue the series.

        After False the series must not be used any more.
        """
        from opentrader.indicators.state import Arrival

        columns = candles.block[:, candles.ts >= self.last_ms]
        if columns.shape[1] == 0 or columns[0, 0] != self.last_ms:
            return False
        for candle in columns.T:
            if self.state.append(*candle.tolist()) is Arrival.REBUILD:
                return False
        self.candles = Candles.of(np.hstack((self.candles.block, columns[:, 1:]))).last(self._key.history)
        return True

    def market_context(self, htf: CandleSeries, now_ms: int, symbol: str) -> MarketContext:
        """The analysis with this series as the middle timeframe.

        Where the higher timeframe has got ahead - its candle arrived before this one's - a state cannot go back: the
        batch function can.
        """
        if _end(htf) <= _end(self) or self.last_ms == 0:
            return self.state.market_context(htf.state, now_ms=now_ms, symbol=symbol)
        from opentrader.indicators import market_context

        return market_context(
            htf.candles,
            self.candles,
            htf_tf=htf._key.timeframe,
            mtf_tf=self._key.timeframe,
            now_ms=now_ms,
            symbol=symbol,
        )


def due_ms(candles: Candles, timeframe: Timeframe) -> int:
    """The market time in milliseconds at which the candle after the newest of these has closed; 0 without one."""
    return int(candles.ts[-1]) + 2 * TF_MS[timeframe] if len(candles) else 0


def fetch_limit(key: Key, series: CandleSeries | None, now_ms: int) -> int:
    """How many closed candles to fetch: those since the newest known, and that one; or the whole history."""
    if series is None or series.last_ms == 0:
        return key.history
    since = (now_ms - series.last_ms) // TF_MS[key.timeframe]
    return since if since <= _CATCH_UP else key.history


def _end(series: CandleSeries) -> int:
    return series.last_ms + TF_MS[series._key.timeframe] if series.last_ms else 0

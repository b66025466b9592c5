"""The candles of one timeframe that an analyzer has read, and their incremental analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from opentrader.domain.analysis.candles import Candles
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.timeframes import TF_MS, Timeframe

if TYPE_CHECKING:
    from opentrader.indicators.state import AnalysisState

_CATCH_UP = 100  # with more missing candles than this, the whole history is fetched


class Key(NamedTuple):
    """Identifies a series: its timeframe, how many candles it starts with, whether it carries the MR replay."""

    timeframe: Timeframe
    history: int
    replay: bool = False


class Arrived(NamedTuple):
    """Fetched rows; `whole` when they are the whole history of the series."""

    key: Key
    rows: Any
    whole: bool


class CandleSeries:
    """Grows one candle at a time.

    The history of the state is never cut, because recursive averages depend on its start; of the candles themselves
    only the last `key.history` are kept.
    """

    def __init__(self, key: Key, candles: Candles) -> None:
        from opentrader.indicators.state import AnalysisState

        self._key = key
        self.candles = candles
        self.state: AnalysisState = AnalysisState.of(candles, key.timeframe, replay=key.replay)

    @property
    def last_ms(self) -> int:
        """Open time of the newest candle in milliseconds, 0 without one."""
        return self.state.last_ts or 0

    @property
    def due_ms(self) -> int:
        """The market time in milliseconds at which the next candle closes."""
        return due_ms(self.candles, self._key.timeframe)

    def extend(self, candles: Candles) -> bool:
        """Append closed candles, starting with the newest known one; False when they do not continue the series.

        After False the series must not be used anymore.
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

        When the candle of the higher timeframe arrived first, its state is ahead and cannot go back; then the batch
        function is used.
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
    """The market time in milliseconds at which the candle after the newest of these closes; 0 without candles."""
    return int(candles.ts[-1]) + 2 * TF_MS[timeframe] if len(candles) else 0


def fetch_limit(key: Key, series: CandleSeries | None, now_ms: int) -> int:
    """How many closed candles to fetch: the newest known one and those after it, or the whole history."""
    if series is None or series.last_ms == 0:
        return key.history
    since = (now_ms - series.last_ms) // TF_MS[key.timeframe]
    return since if since <= _CATCH_UP else key.history


def _end(series: CandleSeries) -> int:
    return series.last_ms + TF_MS[series._key.timeframe] if series.last_ms else 0

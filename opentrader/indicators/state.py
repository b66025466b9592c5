"""The incremental analysis of one (symbol, timeframe): O(1) work per closed candle, results at any time.

Not thread-safe: a state belongs to one actor. Its results equal those of the batch functions to the last bit.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from opentrader.domain.analysis.candles import TS, Candles
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.analysis.mean_reversion import MrSignal, NoSetup
from opentrader.domain.analysis.parameters import ANALYSIS, MEAN_REVERSION, Analysis, MeanReversion
from opentrader.domain.analysis.trend import TrendResult
from opentrader.domain.timeframes import TF_MS, Timeframe

from . import assembly
from .kernels import readings
from .kernels import slots as at
from .kernels.analysis import APPENDED, OSCILLATORS, REPLAY, UNCHANGED, append, ask, load
from .vectors import living


class Arrival(Enum):
    """The result of appending a candle."""

    APPENDED = APPENDED
    UNCHANGED = UNCHANGED
    """The newest candle was sent again; nothing changed."""
    REBUILD = 2
    """A gap, or an older or a changed candle. The state is unchanged: build a new one from a fresh fetch."""


_ARRIVALS = tuple(Arrival)


class Indicators(NamedTuple):
    """The sixteen indicator values of one bar, NaN before the first."""

    rsi: float
    atr: float
    kc_atr: float
    adx: float
    plus_di: float
    minus_di: float
    ema_fast: float
    ema_slow: float
    macd: float
    macd_signal: float
    macd_hist: float
    bb_lower: float
    bb_mid: float
    bb_upper: float
    stoch_k: float
    stoch_d: float


class AnalysisState:
    """Everything that is carried from candle to candle, and a ring of the last 256 candles (43 KiB in total).

    The start of the history affects recursive averages in the ninth digit, so keep appending to a state instead of
    rebuilding it from a sliding window.
    """

    __slots__ = ("_matrix", "parameters", "rule", "timeframe")

    def __init__(
        self,
        timeframe: Timeframe,
        *,
        replay: bool = False,
        parameters: Analysis = ANALYSIS,
        rule: MeanReversion = MEAN_REVERSION,
    ) -> None:
        """An empty state; with `replay` it also carries the replay of MR Combined, which `mr_signal` needs."""
        self.timeframe, self.parameters, self.rule = timeframe, parameters, rule
        self._matrix = living(parameters, rule, TF_MS[timeframe], REPLAY if replay else OSCILLATORS)

    @classmethod
    def of(
        cls,
        candles: Candles,
        timeframe: Timeframe,
        *,
        replay: bool = False,
        parameters: Analysis = ANALYSIS,
        rule: MeanReversion = MEAN_REVERSION,
    ) -> AnalysisState:
        """The state after clean closed candles."""
        state = cls(timeframe, replay=replay, parameters=parameters, rule=rule)
        load(state._matrix, candles.block)
        return state

    def append(self, ts: float, open: float, high: float, low: float, close: float, volume: float) -> Arrival:
        """Append one closed candle that `clean` would keep; `ts` is its open time in milliseconds."""
        # Always floats: for an int, numba would compile the kernel a second time, in this call.
        candle = float(ts), float(open), float(high), float(low), float(close), float(volume)
        return _ARRIVALS[append(self._matrix, *candle)]

    @property
    def bars(self) -> int:
        """The number of candles since the start of the history."""
        return int(self._matrix[at.ROWS, at.BARS])

    @property
    def last_ts(self) -> int | None:
        """Open time of the newest candle in milliseconds, None without one."""
        newest = int(self._matrix[at.ROWS, at.POSITION])
        return None if newest < 0 else int(self._matrix[TS, newest])

    @property
    def indicators(self) -> Indicators:
        """The sixteen values at the newest candle."""
        return Indicators(*self._matrix[at.ROWS, at.VALUES_START : at.VALUES_END].tolist())

    def trend_result(self, *, now_ms: int | None, symbol: str = "", source: str = "files") -> TrendResult:
        """`indicators.trend_result` at the newest candle."""
        return assembly.trend(
            self._reading(readings.TREND),
            symbol=symbol,
            source=source,
            timeframe=self.timeframe,
            now_ms=now_ms,
            p=self.parameters,
        )

    def market_context(self, htf: AnalysisState, *, now_ms: int | None, symbol: str = "") -> MarketContext:
        """`indicators.market_context` with this state as the middle timeframe.

        Raises ValueError when `htf` has a candle that ends after the newest one here: it is in the future of this
        timeframe, and a state cannot go back. Append in the order of closing times, the middle timeframe first; if
        its candles have stopped arriving, use the batch function.
        """
        if _end(htf) > _end(self) > 0:
            raise ValueError(f"the {htf.timeframe} state is ahead of the {self.timeframe} state")
        return assembly.market(
            htf._reading(readings.HTF),
            self._reading(readings.MTF),
            symbol=symbol,
            htf_tf=htf.timeframe,
            mtf_tf=self.timeframe,
            now_ms=now_ms,
            p=self.parameters,
        )

    def mr_signal(self, *, now_ms: int | None, symbol: str = "") -> MrSignal | NoSetup:
        """`indicators.mr_signal` at the newest candle. Raises ValueError for a state without `replay`."""
        if self._matrix[at.ROWS, at.DEPTH] != REPLAY:
            raise ValueError("this state has no replay: create it with replay=True")
        return assembly.mean_reversion(
            self._reading(readings.REVERSION),
            symbol=symbol,
            timeframe=self.timeframe,
            now_ms=now_ms,
            p=self.parameters,
            mr=self.rule,
        )

    def _reading(self, what: int) -> assembly.Reading:
        return ask(self._matrix, what).tolist()  # type: ignore[no-any-return]  # numpy types it as Any


def _end(state: AnalysisState) -> int:
    """Close time of the newest candle, 0 without one."""
    last_ts = state.last_ts
    return 0 if last_ts is None else last_ts + TF_MS[state.timeframe]

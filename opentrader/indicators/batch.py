"""The analysis of a whole history at once; pure functions of candles and time."""

from __future__ import annotations

import math

from opentrader.domain.analysis.candles import Block, Candles, Rows, clean
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.analysis.mean_reversion import MrSignal, NoSetup
from opentrader.domain.analysis.parameters import ANALYSIS, MEAN_REVERSION, Analysis, MeanReversion
from opentrader.domain.analysis.trend import TrendResult
from opentrader.domain.timeframes import TF_MS, Timeframe

from . import assembly
from .kernels import readings
from .kernels.analysis import analyse, analyse_pair
from .kernels.analysis import series as analyse_series
from .vectors import initial


def market_context(
    htf: Rows | Candles,
    mtf: Rows | Candles,
    *,
    htf_tf: Timeframe,
    mtf_tf: Timeframe,
    now_ms: int | None,
    symbol: str = "",
    parameters: Analysis = ANALYSIS,
) -> MarketContext:
    """The multi-timeframe analysis of one symbol.

    Args:
        htf, mtf: candles of the two timeframes: rows `[ts_ms, open, high, low, close, volume]` or an (n, 6) array,
            which are cleaned, or `Candles`.
        now_ms: exchange time of the answer; None replays all candles.

    HTF candles that end after the last closed MTF candle are not used: they are in its future.
    """
    now = math.inf if now_ms is None else float(now_ms)
    higher, middle = _block(htf, htf_tf, now_ms), _block(mtf, mtf_tf, now_ms)
    htf_ms, mtf_ms = float(TF_MS[htf_tf]), float(TF_MS[mtf_tf])
    vector = analyse_pair(initial(parameters, MEAN_REVERSION), higher, middle, htf_ms, mtf_ms, now).tolist()
    return assembly.market(
        vector[: readings.LENGTH],
        vector[readings.LENGTH :],
        symbol=symbol,
        htf_tf=htf_tf,
        mtf_tf=mtf_tf,
        now_ms=now_ms,
        p=parameters,
    )


def trend_result(
    ohlcv: Rows | Candles,
    timeframe: Timeframe,
    *,
    now_ms: int | None,
    symbol: str = "",
    source: str = "files",
    parameters: Analysis = ANALYSIS,
) -> TrendResult:
    """Six votes on one timeframe; arguments as in `market_context`."""
    reading = _reading(ohlcv, timeframe, now_ms, readings.TREND, parameters)
    return assembly.trend(reading, symbol=symbol, source=source, timeframe=timeframe, now_ms=now_ms, p=parameters)


def mr_signal(
    ohlcv: Rows | Candles,
    timeframe: Timeframe,
    *,
    now_ms: int | None,
    symbol: str = "",
    parameters: Analysis = ANALYSIS,
    rule: MeanReversion = MEAN_REVERSION,
) -> MrSignal | NoSetup:
    """The MR Combined setup at the last candle, rated by a replay of the rule on the candles before it.

    Without a signal, the result has a non-empty `reason`. Arguments as in `market_context`.
    """
    reading = _reading(
        ohlcv=ohlcv, timeframe=timeframe, now_ms=now_ms, what=readings.REVERSION, parameters=parameters, rule=rule
    )
    return assembly.mean_reversion(reading, symbol=symbol, timeframe=timeframe, now_ms=now_ms, p=parameters, mr=rule)


def indicator_series(candles: Candles, parameters: Analysis = ANALYSIS) -> Block:
    """The sixteen indicators at every bar: (16, n) float64, rows as in `INDICATORS`, NaN before the first value."""
    return analyse_series(initial(parameters, MEAN_REVERSION), candles.block)


def _block(ohlcv: Rows | Candles, timeframe: Timeframe, now_ms: int | None) -> Block:
    """The columns of clean candles; the kernels ignore candles that have not ended."""
    return ohlcv.block if isinstance(ohlcv, Candles) else clean(ohlcv, timeframe, now_ms).block


def _reading(
    ohlcv: Rows | Candles,
    timeframe: Timeframe,
    now_ms: int | None,
    what: int,
    parameters: Analysis,
    rule: MeanReversion = MEAN_REVERSION,
) -> assembly.Reading:
    now = math.inf if now_ms is None else float(now_ms)
    block = _block(ohlcv, timeframe, now_ms)
    vector = analyse(initial(parameters, rule), block, float(TF_MS[timeframe]), now, what)
    return vector.tolist()  # type: ignore[no-any-return]  # numpy types it as Any

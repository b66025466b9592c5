"""The regime of a timeframe: the first that matches."""

from __future__ import annotations

import math

from opentrader.domain.analysis.candles import CLOSE, Block

from . import slots as at
from .decorator import kernel
from .windows import choppiness, deviation, efficiency, mean, relative

UNKNOWN, VOLATILE_CHOP, COMPRESSION, TREND, TRANSITION, SIDEWAY = range(6)


@kernel
def atr_ratio(s: Block, bar: int, x: Block, i: int) -> float:
    """ATR in units of its own mean; NaN before there are enough."""
    n = int(s[at.ATR_BASE_N])
    if bar < n - 1 + int(s[at.ATR_N]):
        return math.nan
    return relative(x, at.ROW_ATR, i, n, i)


@kernel
def chop(s: Block, bar: int, x: Block, i: int) -> float:
    n = int(s[at.CHOP_N])
    return choppiness(x, i, n) if bar >= n else math.nan


@kernel
def trend_efficiency(s: Block, bar: int, x: Block, i: int) -> float:
    n = int(s[at.ER_N])
    return efficiency(x, i, n) if bar >= n else math.nan


@kernel
def squeeze_of(s: Block, middle: float, spread: float, channel_atr: float) -> float:
    """Bollinger half-width over Keltner half-width (TTM squeeze): below 1 the bands lie inside the channel."""
    if not channel_atr > 0.0:
        return math.nan
    upper = middle + s[at.BB_K] * spread
    return float((upper - middle) / (s[at.KC_K] * channel_atr))


@kernel
def squeeze(s: Block, bar: int, x: Block, i: int) -> float:
    n = int(s[at.BB_N])
    if bar < n - 1:
        return math.nan
    middle = mean(x, CLOSE, i, n)
    return squeeze_of(s, middle, deviation(x, CLOSE, i, n, middle), x[at.ROW_KC_ATR, i])


@kernel
def squeeze_run(s: Block, bar: int, x: Block, i: int) -> int:
    """Bars in a squeeze, this one last, by walking back: what the state carries as a count when it lives on."""
    run = 0
    while run <= bar and squeeze(s, bar - run, x, i - run) < s[at.SQZ_ON]:
        run += 1
    return run


@kernel
def is_measurable(s: Block, bar: int, volatility: float) -> bool:
    return bool(bar + 1 >= s[at.WARMUP] and s[at.ATR] > 0.0 and not math.isnan(volatility))


@kernel
def is_chop(s: Block, volatility: float, choppy: float, efficient: float) -> bool:
    """High volatility that goes nowhere."""
    return bool(
        volatility >= s[at.CHOP_ATR_RATIO]
        and choppy >= s[at.CHOP_MIN]
        and efficient <= s[at.CHOP_ER_MAX]
        and s[at.ADX] < s[at.CHOP_ADX_MAX]
    )


@kernel
def is_volatile_chop(s: Block, bar: int, x: Block, i: int) -> bool:
    volatility = atr_ratio(s, bar, x, i)
    return is_measurable(s, bar, volatility) and is_chop(
        s, volatility, chop(s, bar, x, i), trend_efficiency(s, bar, x, i)
    )


@kernel
def sign(x: float) -> float:
    if x > 0.0:
        return 1.0
    return -1.0 if x < 0.0 else 0.0


@kernel
def is_trend(s: Block, close: float, efficient: float) -> bool:
    """Structure, averages and close agree, apart enough, with strength."""
    direction, separation = s[at.DIRECTION], s[at.EMA20] - s[at.EMA50]
    return bool(
        direction != 0.0
        and sign(separation) == direction
        and direction * (close - s[at.EMA50]) > 0.0
        and abs(separation) >= s[at.TREND_SEP_ATR] * s[at.ATR]
        and (s[at.ADX] >= s[at.TREND_ADX] or efficient >= s[at.TREND_ER])
    )


@kernel
def is_transition(s: Block, bar: int, close: float) -> bool:
    """A recent break that the averages or the close do not follow."""
    direction = s[at.DIRECTION]
    return bool(
        direction != 0.0
        and (sign(s[at.EMA20] - s[at.EMA50]) != direction or direction * (close - s[at.EMA50]) <= 0.0)
        and s[at.BRK_ACTIVE] != 0.0
        and bar - s[at.BRK_BAR] <= s[at.TRANSITION_BARS]
    )


@kernel
def regime_of(s: Block, bar: int, close: float, volatility: float, choppy: float, efficient: float) -> int:
    if not is_measurable(s, bar, volatility):
        return UNKNOWN
    if is_chop(s, volatility, choppy, efficient):
        return VOLATILE_CHOP
    if s[at.SQUEEZE_BARS] >= s[at.SQZ_MIN_BARS] and volatility <= s[at.SQZ_ATR_RATIO_MAX]:
        return COMPRESSION
    if is_trend(s, close, efficient):
        return TREND
    return TRANSITION if is_transition(s, bar, close) else SIDEWAY


@kernel
def compression_bias(s: Block, close: float, middle: float) -> int:
    """Where a compression leans: close and averages on one side."""
    if close > middle and s[at.EMA20] > s[at.EMA50]:
        return 1
    return -1 if close < middle and s[at.EMA20] < s[at.EMA50] else 0


@kernel
def regime(s: Block, bar: int, x: Block, i: int) -> int:
    return regime_of(
        s,
        bar,
        x[CLOSE, i],
        atr_ratio(s, bar, x, i),
        chop(s, bar, x, i),
        trend_efficiency(s, bar, x, i),
    )

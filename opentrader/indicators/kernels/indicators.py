"""The recursive indicators: small tuples that are carried from bar to bar, and the step that takes each to the next.

`bar` is the number of the bar since the start of the history, `x` the matrix of bars and `i` the bar's column in it
(the same as `bar` in a batch; in a ring it is not). A step also publishes the values of its bar in the state vector
`s`. Formulas: J. W. Wilder, New Concepts in Technical Trading Systems (1978), G. Appel (MACD); seeds as in TA-Lib.
"""

from __future__ import annotations

from typing import NamedTuple

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, Block

from . import slots as at
from .decorator import kernel, step
from .smoothing import ema, held_adx, known, percent, wilder, wilder_sum


class Rules(NamedTuple):
    """Lengths and rates, read from the state vector once."""

    atr_n: float
    atr_rate: float
    kc_n: float
    kc_rate: float
    adx_n: float
    adx_rate: float
    rsi_n: float
    rsi_rate: float
    fast_n: float
    fast_rate: float
    slow_n: float
    slow_rate: float


class Trend(NamedTuple):
    """ATR and fast EMA: all that a higher timeframe needs besides its structure."""

    atr: float
    fast: float


class Strength(NamedTuple):
    """What a regime needs more: slow EMA, the Keltner channel's ATR, directional movement."""

    slow: float
    kc_atr: float
    plus: float
    minus: float
    extent: float
    adx: float


class Momentum(NamedTuple):
    """The oscillators: RSI and MACD."""

    gain: float
    loss: float
    fast: float
    slow: float
    signal: float


@step
def rules(s: Block) -> Rules:
    return Rules(
        s[at.ATR_N],
        s[at.ATR_RATE],
        s[at.KC_ATR_N],
        s[at.KC_ATR_RATE],
        s[at.ADX_N],
        s[at.ADX_RATE],
        s[at.RSI_N],
        s[at.RSI_RATE],
        s[at.EMA_FAST],
        s[at.EMA_FAST_RATE],
        s[at.EMA_SLOW],
        s[at.EMA_SLOW_RATE],
    )


@step
def true_range(x: Block, i: int) -> float:
    """The bar's range, extended to the previous close; there must be one."""
    high, low, before = x[HIGH, i], x[LOW, i], x[CLOSE, i - 1]
    return float(max(high - low, abs(high - before), abs(low - before)))


@step
def step_trend(t: Trend, r: Rules, s: Block, bar: int, x: Block, i: int) -> Trend:
    atr = t.atr
    if bar >= 1:
        atr = wilder(atr, true_range(x, i), bar, r.atr_n, r.atr_rate)
    fast = ema(t.fast, x[CLOSE, i], bar + 1, r.fast_n, r.fast_rate)
    s[at.ATR] = x[at.ROW_ATR, i] = known(atr, bar >= r.atr_n)
    s[at.EMA20] = x[at.ROW_EMA, i] = known(fast, bar + 1 >= r.fast_n)
    return Trend(atr, fast)


@step
def step_strength(t: Strength, r: Rules, s: Block, bar: int, x: Block, i: int) -> Strength:
    slow = ema(t.slow, x[CLOSE, i], bar + 1, r.slow_n, r.slow_rate)
    s[at.EMA50] = known(slow, bar + 1 >= r.slow_n)
    kc_atr, plus, minus, extent, adx = t.kc_atr, t.plus, t.minus, t.extent, t.adx
    if bar >= 1:
        width = true_range(x, i)
        up, down = max(x[HIGH, i] - x[HIGH, i - 1], 0.0), max(x[LOW, i - 1] - x[LOW, i], 0.0)
        kc_atr = wilder(kc_atr, width, bar, r.kc_n, r.kc_rate)
        plus = wilder_sum(plus, up if up > down else 0.0, bar, r.adx_n, r.adx_rate)
        minus = wilder_sum(minus, down if down > up else 0.0, bar, r.adx_n, r.adx_rate)
        extent = wilder_sum(extent, width, bar, r.adx_n, r.adx_rate)
    if bar >= r.adx_n:
        k = bar + 1 - int(r.adx_n)
        adx = held_adx(adx, plus, minus, k, r.adx_n, r.adx_rate)
        s[at.ADX] = known(adx, k >= r.adx_n)
    s[at.KC_ATR] = x[at.ROW_KC_ATR, i] = known(kc_atr, bar >= r.kc_n)
    return Strength(slow, kc_atr, plus, minus, extent, adx)


@step
def step_momentum(m: Momentum, r: Rules, s: Block, bar: int, x: Block, i: int) -> Momentum:
    """RSI, 50 when nothing moved, where TA-Lib's 0 would read as oversold; MACD, whose fast average is seeded at the
    same bar as the slow one."""
    gain, loss, close = m.gain, m.loss, x[CLOSE, i]
    if bar >= 1:
        change = close - x[CLOSE, i - 1]
        gain = wilder(gain, max(change, 0.0), bar, r.rsi_n, r.rsi_rate)
        loss = wilder(loss, max(-change, 0.0), bar, r.rsi_n, r.rsi_rate)
    s[at.RSI] = known(percent(gain, gain + loss, 50.0), bar >= r.rsi_n)
    fast_n, slow_n, smooth = s[at.MACD_FAST], s[at.MACD_SLOW], s[at.MACD_SIG]
    fast = ema(m.fast, close, bar + 1 - int(slow_n - fast_n), fast_n, s[at.MACD_FAST_RATE])
    slow = ema(m.slow, close, bar + 1, slow_n, s[at.MACD_SLOW_RATE])
    k = bar + 2 - int(slow_n)
    signal = ema(m.signal, fast - slow, k, smooth, s[at.MACD_SIG_RATE])
    s[at.MACD], s[at.SIGNAL] = known(fast - slow, k >= 1), known(signal, k >= smooth)
    s[at.HIST] = fast - slow - s[at.SIGNAL]
    return Momentum(gain, loss, fast, slow, signal)


@kernel
def publish_shares(s: Block, g: Strength) -> None:
    """+DI and -DI of the newest bar: nothing is carried in them, so a batch needs them once."""
    is_known = s[at.BARS] > s[at.ADX_N]
    s[at.PLUS_DI] = known(percent(g.plus, g.extent, 0.0), is_known)
    s[at.MINUS_DI] = known(percent(g.minus, g.extent, 0.0), is_known)


@step
def trend_of(s: Block) -> Trend:
    return Trend(s[at.ATR_MEAN], s[at.EMA_FAST_MEAN])


@step
def strength_of(s: Block) -> Strength:
    return Strength(
        s[at.EMA_SLOW_MEAN], s[at.KC_ATR_MEAN], s[at.PLUS_SUM], s[at.MINUS_SUM], s[at.RANGE_SUM], s[at.ADX_MEAN]
    )


@step
def momentum_of(s: Block) -> Momentum:
    return Momentum(s[at.GAIN_MEAN], s[at.LOSS_MEAN], s[at.MACD_FAST_MEAN], s[at.MACD_SLOW_MEAN], s[at.MACD_SIG_MEAN])


@step
def keep(s: Block, t: Trend, g: Strength, m: Momentum) -> None:
    """Put what is carried back into the state vector."""
    s[at.ATR_MEAN], s[at.EMA_FAST_MEAN] = t.atr, t.fast
    s[at.EMA_SLOW_MEAN], s[at.KC_ATR_MEAN], s[at.ADX_MEAN] = g.slow, g.kc_atr, g.adx
    s[at.PLUS_SUM], s[at.MINUS_SUM], s[at.RANGE_SUM] = g.plus, g.minus, g.extent
    s[at.GAIN_MEAN], s[at.LOSS_MEAN] = m.gain, m.loss
    s[at.MACD_FAST_MEAN], s[at.MACD_SLOW_MEAN], s[at.MACD_SIG_MEAN] = m.fast, m.slow, m.signal

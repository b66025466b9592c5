"""The kernels that are called from Python, and the one pass over bars that all of them share.

A batch takes a whole history into a fresh state; a living state runs the same steps on its ring, one bar at a time.
Equal to the last bit, because it is the same code on the same numbers in the same order.
"""

from __future__ import annotations

import math

import numpy as np

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, TS, Block

from . import slots as at
from .decorator import SOURCES, entry, kernel, step
from .indicators import (
    keep,
    momentum_of,
    publish_shares,
    rules,
    step_momentum,
    step_strength,
    step_trend,
    strength_of,
    trend_of,
)
from .readings import HTF, LENGTH, MTF, REVERSION, read
from .regime import squeeze_of, squeeze_run
from .replay import follow_replay
from .rolling import rolling_deviation, rolling_highest, rolling_lowest, rolling_mean, rolling_raw_k
from .smoothing import percent
from .structure import follow_structure
from .windows import deviation, extremes, mean

# How much of the analysis is carried, each including the one before.
STRUCTURE, REGIMES, OSCILLATORS, REPLAY = range(4)

APPENDED, UNCHANGED, REBUILD = range(3)


@kernel
def depth_of(what: int) -> int:
    """The least that a reading needs."""
    if what == HTF:
        return STRUCTURE
    if what == MTF:
        return REGIMES
    return REPLAY if what == REVERSION else OSCILLATORS


@kernel
def follow(s: Block, x: Block, start: int, stop: int, depth: int) -> None:
    """Take the bars in the columns start .. stop-1, whose windows are there, into the state."""
    rule, trend, strength, momentum = rules(s), trend_of(s), strength_of(s), momentum_of(s)
    bar = int(s[at.BARS])
    for i in range(start, stop):
        trend = step_trend(trend, rule, s, bar, x, i)
        if depth >= REGIMES:
            strength = step_strength(strength, rule, s, bar, x, i)
        if depth >= OSCILLATORS:
            remember(s)
            momentum = step_momentum(momentum, rule, s, bar, x, i)
            publish_windows(s, x, i)
        follow_structure(s, bar, x, i)
        if depth >= REPLAY:
            follow_replay(s, bar, x, i)
        bar += 1
    s[at.BARS] = bar
    keep(s, trend, strength, momentum)
    publish_shares(s, strength)


@step
def remember(s: Block) -> None:
    """The values of the bar before, which the checklist looks at too."""
    s[at.PREVIOUS_RSI], s[at.PREVIOUS_HIST] = s[at.RSI], s[at.HIST]
    s[at.PREVIOUS_LOWER], s[at.PREVIOUS_UPPER] = s[at.BB_LOWER], s[at.BB_UPPER]


@step
def publish_windows(s: Block, x: Block, i: int) -> None:
    """Bollinger bands, stochastic and the squeeze of one bar."""
    middle, spread = x[at.ROW_MEAN, i], x[at.ROW_SPREAD, i]
    s[at.BB_LOWER], s[at.BB_MID], s[at.BB_UPPER] = middle - s[at.BB_K] * spread, middle, middle + s[at.BB_K] * spread
    s[at.K], s[at.D] = x[at.ROW_K, i], x[at.ROW_D, i]
    squeezed = squeeze_of(s, middle, spread, s[at.KC_ATR]) < s[at.SQZ_ON]
    s[at.SQUEEZE_BARS] = s[at.SQUEEZE_BARS] + 1.0 if squeezed else 0.0


@kernel
def advance(s: Block, x: Block, depth: int) -> None:
    """Take all bars of a matrix into a fresh state."""
    k = int(s[at.PIVOT_K])
    rolling_highest(x[HIGH], k, x[at.ROW_PIVOT_TOP])
    rolling_lowest(x[LOW], k, x[at.ROW_PIVOT_BOTTOM])
    if depth >= OSCILLATORS:
        fill_windows(s, x)
    follow(s, x, 0, x.shape[1], depth)


@kernel
def fill_windows(s: Block, x: Block) -> None:
    width, reach = int(s[at.BB_N]), int(s[at.STOCH_N])
    rolling_mean(x[CLOSE], width, x[at.ROW_MEAN])
    rolling_deviation(x[CLOSE], width, x[at.ROW_MEAN], x[at.ROW_SPREAD])
    rolling_highest(x[HIGH], reach, x[at.ROW_TOP])
    rolling_lowest(x[LOW], reach, x[at.ROW_BOTTOM])
    rolling_raw_k(x[CLOSE], x[at.ROW_TOP], x[at.ROW_BOTTOM], x[at.ROW_RAW_K])
    rolling_mean(x[at.ROW_RAW_K], int(s[at.STOCH_K]), x[at.ROW_K])
    rolling_mean(x[at.ROW_K], int(s[at.STOCH_D]), x[at.ROW_D])


@kernel
def fill_newest_windows(s: Block, x: Block, i: int) -> None:
    """The windows of one bar, as `advance` fills them for all."""
    bar, k, width, reach = int(s[at.BARS]), int(s[at.PIVOT_K]), int(s[at.BB_N]), int(s[at.STOCH_N])
    x[at.ROW_RAW_K : at.ROWS, i] = math.nan
    if bar >= k - 1:
        x[at.ROW_PIVOT_TOP, i], x[at.ROW_PIVOT_BOTTOM, i] = extremes(x, i, k)
    if bar >= width - 1:
        x[at.ROW_MEAN, i] = mean(x, CLOSE, i, width)
        x[at.ROW_SPREAD, i] = deviation(x, CLOSE, i, width, x[at.ROW_MEAN, i])
    if bar >= reach - 1:
        x[at.ROW_TOP, i], x[at.ROW_BOTTOM, i] = extremes(x, i, reach)
        fill_newest_stochastic(s, x, i, bar - reach + 1)


@kernel
def fill_newest_stochastic(s: Block, x: Block, i: int, bar: int) -> None:
    """`bar` counts from the first raw value."""
    smooth_k, smooth_d = int(s[at.STOCH_K]), int(s[at.STOCH_D])
    bottom = x[at.ROW_BOTTOM, i]
    x[at.ROW_RAW_K, i] = percent(x[CLOSE, i] - bottom, x[at.ROW_TOP, i] - bottom, 50.0)
    if bar >= smooth_k - 1:
        x[at.ROW_K, i] = mean(x, at.ROW_RAW_K, i, smooth_k)
    if bar >= smooth_k + smooth_d - 2:
        x[at.ROW_D, i] = mean(x, at.ROW_K, i, smooth_d)


@kernel
def copy_columns(source: Block, start: int, target: Block, rows: int, count: int) -> None:
    """Copy `count` columns of the first rows, from column `start` of the source to the front of the target."""
    for row in range(rows):
        for j in range(count):
            target[row, j] = source[row, start + j]


@kernel
def closed_by(block: Block, step_ms: float, until: float) -> int:
    """How many candles of a block have ended by `until`; all but a few, as a rule."""
    count: int = block.shape[1]
    while count > 0 and block[TS, count - 1] + step_ms > until:
        count -= 1
    return count


@kernel
def analyse_into(s: Block, x: Block, step_ms: float, what: int, out: Block) -> None:
    """One reading of a matrix of bars, from a fresh state."""
    s[at.STEP_MS] = step_ms
    advance(s, x, depth_of(what))
    newest = x.shape[1] - 1
    if what == MTF and newest >= 0:
        s[at.SQUEEZE_BARS] = squeeze_run(s, newest, x, newest)
    read(s, x, newest, what, out)


@entry
def analyse(initial: Block, block: Block, step_ms: float, until: float, what: int, build: int = SOURCES) -> Block:
    """One reading of the candles of a block that have ended by `until`."""
    count = closed_by(block, step_ms, until)
    x, out = np.empty((at.ROWS, count)), np.empty(LENGTH)
    copy_columns(block, 0, x, 6, count)
    analyse_into(initial.copy(), x, step_ms, what, out)
    return out


@entry
def analyse_pair(
    initial: Block, htf: Block, mtf: Block, htf_ms: float, mtf_ms: float, now: float, build: int = SOURCES
) -> Block:
    """The readings of two timeframes, one after the other. The higher one is cut at the close of the last closed
    candle of the middle one (without one: at now): what ends later lies in its future."""
    out = np.empty(2 * LENGTH)
    count = closed_by(mtf, mtf_ms, now)
    x = np.empty((at.ROWS, count))
    copy_columns(mtf, 0, x, 6, count)
    analyse_into(initial.copy(), x, mtf_ms, MTF, out[LENGTH:])
    until = now if count == 0 else mtf[TS, count - 1] + mtf_ms
    count = closed_by(htf, htf_ms, until)
    x = np.empty((at.ROWS, count))
    copy_columns(htf, 0, x, 6, count)
    analyse_into(initial.copy(), x, htf_ms, HTF, out[:LENGTH])
    return out


@entry
def load(state: Block, block: Block, build: int = SOURCES) -> None:
    """Take a block into a fresh living state."""
    s, stop = state[at.ROWS], block.shape[1]
    x = np.empty((at.ROWS, stop))
    copy_columns(block, 0, x, 6, stop)
    advance(s, x, int(s[at.DEPTH]))
    kept = min(stop, int(s[at.RING_KEEP]))
    copy_columns(x, stop - kept, state, at.ROWS, kept)
    s[at.POSITION] = kept - 1


@kernel
def arrival(s: Block, x: Block, candle: tuple[float, ...]) -> int:
    """What to do with a candle that arrives after the newest one: only the very next may be appended."""
    i = int(s[at.POSITION])
    if i < 0 or candle[TS] == x[TS, i] + s[at.STEP_MS]:
        return APPENDED
    for column in range(6):
        if candle[column] != x[column, i]:
            return REBUILD
    return UNCHANGED


@kernel
def make_room(s: Block, x: Block) -> int:
    """The next column. A full ring first moves what is still needed to its front, so that windows stay whole."""
    i = int(s[at.POSITION]) + 1
    if i == x.shape[1]:
        keep = int(s[at.RING_KEEP])
        copy_columns(x, i - keep, x, at.ROWS, keep)
        i = keep
    s[at.POSITION] = i
    return i


@entry
def append(
    state: Block, ts: float, open_: float, high: float, low: float, close: float, volume: float, build: int = SOURCES
) -> int:
    """Take one closed, valid candle into a living state."""
    s, candle = state[at.ROWS], (ts, open_, high, low, close, volume)
    verdict = arrival(s, state, candle)
    if verdict == APPENDED:
        i = make_room(s, state)
        for column in range(6):
            state[column, i] = candle[column]
        fill_newest_windows(s, state, i)
        follow(s, state, i, i + 1, int(s[at.DEPTH]))
    return verdict


@entry
def ask(state: Block, what: int, build: int = SOURCES) -> Block:
    """One reading of a living state at its newest bar."""
    s, out = state[at.ROWS], np.empty(LENGTH)
    read(s, state, int(s[at.POSITION]), what, out)
    return out


@entry
def series(initial: Block, block: Block, build: int = SOURCES) -> Block:
    """The sixteen indicators at every bar of a block, one row an indicator, NaN before the first value."""
    s, stop = initial.copy(), block.shape[1]
    x, out = np.empty((at.ROWS, stop)), np.empty((at.VALUES, stop))
    copy_columns(block, 0, x, 6, stop)
    fill_windows(s, x)
    rule, trend, strength, momentum = rules(s), trend_of(s), strength_of(s), momentum_of(s)
    for i in range(stop):
        trend = step_trend(trend, rule, s, i, x, i)
        strength = step_strength(strength, rule, s, i, x, i)
        momentum = step_momentum(momentum, rule, s, i, x, i)
        for value in (at.RSI, at.ADX, at.EMA50, at.MACD, at.SIGNAL, at.HIST):
            out[value - at.VALUES_START, i] = s[value]
        out[at.PLUS_DI - at.VALUES_START, i] = strength.plus
        out[at.MINUS_DI - at.VALUES_START, i] = strength.minus
        out[at.D - at.VALUES_START, i] = strength.extent
    spread_shares(out, int(s[at.ADX_N]))
    spread_rows(x, s[at.BB_K], out)
    return out


@kernel
def spread_shares(out: Block, first: int) -> None:
    """+DI and -DI from their sums and the sum of ranges, which waits in the last row."""
    plus, minus = out[at.PLUS_DI - at.VALUES_START], out[at.MINUS_DI - at.VALUES_START]
    extent = out[at.D - at.VALUES_START]
    plus[:first], minus[:first] = math.nan, math.nan
    for i in range(first, len(extent)):
        plus[i], minus[i] = percent(plus[i], extent[i], 0.0), percent(minus[i], extent[i], 0.0)


@kernel
def spread_rows(x: Block, width: float, out: Block) -> None:
    """The indicators that stand in the matrix of bars, row by row."""
    copy_columns(x[at.ROW_ATR : at.ROW_ATR + 2], 0, out[at.ATR - at.VALUES_START :], 2, x.shape[1])
    copy_columns(x[at.ROW_EMA :], 0, out[at.EMA20 - at.VALUES_START :], 1, x.shape[1])
    copy_columns(x[at.ROW_MEAN :], 0, out[at.BB_MID - at.VALUES_START :], 1, x.shape[1])
    copy_columns(x[at.ROW_K :], 0, out[at.K - at.VALUES_START :], 2, x.shape[1])
    lower, upper = out[at.BB_LOWER - at.VALUES_START], out[at.BB_UPPER - at.VALUES_START]
    middle, spread = x[at.ROW_MEAN], x[at.ROW_SPREAD]
    for i in range(x.shape[1]):
        lower[i], upper[i] = middle[i] - width * spread[i], middle[i] + width * spread[i]

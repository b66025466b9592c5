"""The higher timeframe: macro phase and place in the range."""

from __future__ import annotations

import math

from opentrader.domain.analysis.candles import CLOSE, Block

from . import slots as at
from .decorator import kernel
from .windows import extremes, mean

POSITION_UNKNOWN, POSITION_LOW, POSITION_MID, POSITION_HIGH, JUST_BROKEN_UP, JUST_BROKEN_DOWN = range(6)


@kernel
def macro_length(s: Block, bars: int) -> int:
    """The longest average there is history for, 0 for none (or no ATR)."""
    if math.isnan(s[at.ATR]):
        return 0
    for slot in (at.MACRO_LONG, at.MACRO_MIDDLE, at.MACRO_SHORT):
        if bars >= s[slot] + s[at.MACRO_EXTRA]:
            return int(s[slot])
    return 0


@kernel
def beyond(x: float, dead: float) -> int:
    """The sign of x outside a dead band."""
    return int(x > dead) - int(x < -dead)


@kernel
def macro_score(s: Block, x: Block, i: int, length: int) -> int:
    """Three votes of -1, 0, 1: close and fast EMA against the long average, and its slope."""
    if length == 0:
        return 0
    close, dead = x[CLOSE, i], s[at.MACRO_DEAD_ATR] * s[at.ATR]
    now = mean(x, CLOSE, i, length)
    before = mean(x, CLOSE, i - int(s[at.MACRO_SLOPE_BARS]), length)
    return (
        beyond(close - now, dead)
        + beyond(s[at.EMA20] - now, dead)
        + beyond(now - before, s[at.MACRO_SLOPE_ATR] * s[at.ATR])
    )


@kernel
def donchian(x: Block, i: int, n: int) -> tuple[float, float]:
    """Highest high and lowest low of the n bars BEFORE bar i."""
    return extremes(x, i - 1, n)


@kernel
def held_break(s: Block, bar: int, x: Block, i: int) -> int:
    """The newest close outside its range among the last few, if the last close still is: 1, -1, else 0."""
    n, close = int(s[at.DON_N]), x[CLOSE, i]
    for back in range(min(int(s[at.BREAK_BARS]), bar - n + 1)):
        top, bottom = donchian(x, i - back, n)
        if x[CLOSE, i - back] > top:
            return int(close > top)
        if x[CLOSE, i - back] < bottom:
            return -int(close < bottom)
    return 0


@kernel
def range_position(s: Block, broken: int, share: float) -> int:
    if broken != 0:
        return JUST_BROKEN_UP if broken > 0 else JUST_BROKEN_DOWN
    if share < s[at.POS_LO]:
        return POSITION_LOW
    return POSITION_HIGH if share > s[at.POS_HI] else POSITION_MID

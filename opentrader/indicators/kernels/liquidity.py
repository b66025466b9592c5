"""Liquidity near the price: equal highs or lows that were not swept, else a void."""

from __future__ import annotations

import math

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, Block

from . import slots as at
from .decorator import kernel
from .windows import highest, lowest

CLEAN, EQUAL_HIGHS, EQUAL_LOWS, VOID = range(4)


@kernel
def liquidity(s: Block, bar: int, x: Block, i: int) -> tuple[int, float, float]:
    """What is nearest: kind, level, distance in ATR."""
    if not s[at.ATR] > 0.0:
        return CLEAN, math.nan, math.nan
    high_level, high_distance = equal_levels(s, bar, x, i, 1.0, at.HIGHS)
    low_level, low_distance = equal_levels(s, bar, x, i, -1.0, at.LOWS)
    if high_distance <= low_distance and high_distance < math.inf:
        return EQUAL_HIGHS, high_level, high_distance
    if low_distance < math.inf:
        return EQUAL_LOWS, low_level, low_distance
    level, distance = void(s, bar, x, i)
    if distance < math.inf:
        return VOID, level, distance
    return CLEAN, math.nan, math.nan


@kernel
def equal_levels(s: Block, bar: int, x: Block, i: int, side: float, pivots: int) -> tuple[float, float]:
    """The nearest pair of equal pivots on one side (1 highs, -1 lows): level and distance, infinite if none."""
    slots = int(s[at.PIVOT_SLOTS])
    ring = at.HEADER if side > 0.0 else at.HEADER + 2 * slots
    count = int(s[pivots + at.COUNT])
    best_level, best = math.nan, math.inf
    oldest = max(count - slots, 0)
    for newer in range(count - 1, oldest, -1):
        if s[ring + 2 * (newer % slots)] <= bar - s[at.LIQ_LOOK]:
            break
        for older in range(newer - 1, oldest - 1, -1):
            level, distance = pair(s, bar, x, i, side, ring + 2 * (older % slots), ring + 2 * (newer % slots))
            if distance < best:
                best_level, best = level, distance
    return best_level, best


@kernel
def pair(s: Block, bar: int, x: Block, i: int, side: float, older: int, newer: int) -> tuple[float, float]:
    """Level and distance of two pivots (slots of the ring) if they are equal, near and unswept."""
    first, last, a, b = s[older], s[newer], s[older + 1], s[newer + 1]
    level = max(a, b) if side > 0.0 else min(a, b)
    distance = side * (level - x[CLOSE, i]) / s[at.ATR]
    recent = first > bar - s[at.LIQ_LOOK] and last - first >= s[at.EQ_MIN_SEP]
    equal = abs(a - b) <= s[at.EQ_TOL_ATR] * s[at.ATR] and 0.0 <= distance <= s[at.EQ_NEAR_ATR]
    if recent and equal and not swept(x, i, int(bar - last), side, level):
        return level, distance
    return math.nan, math.inf


@kernel
def swept(x: Block, i: int, bars: int, side: float, level: float) -> bool:
    """Whether one of the last `bars` bars traded beyond the level."""
    if side > 0.0:
        return highest(x, HIGH, i, bars) > level
    return lowest(x, LOW, i, bars) < level


@kernel
def void(s: Block, bar: int, x: Block, i: int) -> tuple[float, float]:
    """The nearest gap of three bars that is not filled: its middle and the distance to its near edge."""
    close, atr = x[CLOSE, i], s[at.ATR]
    best_level, best, floor, ceiling = math.nan, math.inf, math.inf, -math.inf
    for j in range(i, i - min(int(s[at.VOID_LOOK]), bar - 1), -1):
        floor, ceiling = min(floor, x[LOW, j]), max(ceiling, x[HIGH, j])
        under, over = x[HIGH, j - 2], x[LOW, j - 2]
        below = gap_distance(s, under, floor, close - floor, atr)
        above = gap_distance(s, ceiling, over, ceiling - close, atr)
        if below < best:
            best_level, best = (floor + under) / 2, below
        if above < best:
            best_level, best = (over + ceiling) / 2, above
    return best_level, best


@kernel
def gap_distance(s: Block, bottom: float, top: float, away: float, atr: float) -> float:
    """`away` in ATR if the gap is wide enough and near enough, else infinite."""
    distance = away / atr
    wide = top - bottom >= s[at.VOID_MIN_ATR] * atr
    return distance if wide and 0.0 <= distance <= s[at.VOID_NEAR_ATR] else math.inf

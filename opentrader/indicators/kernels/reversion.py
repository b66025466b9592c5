"""MR Combined: the checklist at the edge of a range, the bracket of a setup, and the replay of the rule.

`side` is 1 for buy and -1 for sell. A comparison times the side is its exact mirror.
"""

from __future__ import annotations

import math

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, VOLUME, Block

from . import slots as at
from .decorator import kernel
from .macro import donchian
from .regime import is_volatile_chop
from .windows import highest, lowest, relative

ACCEPTED, NO_SETUP, SL_TOO_WIDE, RR_TOO_LOW = range(4)
RANGE_REGIME, RANGE_LOCATION, BB_EXTREME, RSI_EXTREME, STOCH_EXTREME, MOMENTUM_TURN, VOLUME_CONFIRM, CHECKS = (
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    7,
)
GATES = RANGE_REGIME | RANGE_LOCATION


@kernel
def volume_ratio(s: Block, bar: int, x: Block, i: int) -> float:
    """Volume in units of the mean of the bars before; NaN without history or volume."""
    n = int(s[at.VOL_N])
    return relative(x, VOLUME, i, n, i - 1) if bar >= n else math.nan


@kernel
def is_located(s: Block, side: float, close: float, top: float, bottom: float) -> bool:
    """Whether the close is at the side's edge of the range, pierced by no more than a fraction of the ATR."""
    edge = bottom if side > 0.0 else top
    pierced = side * (close - (edge - side * s[at.PIERCE_ATR] * s[at.ATR])) >= 0.0
    return bool(pierced and side * ((edge + side * s[at.ZONE] * (top - bottom)) - close) >= 0.0)


@kernel
def is_range(s: Block, bar: int, x: Block, i: int, width: float) -> bool:
    wide = s[at.ADX] < s[at.ADX_MAX] and width >= s[at.MIN_WIDTH_ATR] * s[at.ATR]
    return wide and not is_volatile_chop(s, bar, x, i)


@kernel
def is_outside_band(s: Block, side: float, x: Block, i: int) -> bool:
    """Whether this bar or the last touched the band of the side."""
    if side > 0.0:
        return bool(x[LOW, i] <= s[at.BB_LOWER] or x[LOW, i - 1] <= s[at.PREVIOUS_LOWER])
    return bool(x[HIGH, i] >= s[at.BB_UPPER] or x[HIGH, i - 1] >= s[at.PREVIOUS_UPPER])


@kernel
def is_extreme(side: float, now: float, before: float, low: float, high: float) -> bool:
    """Whether an oscillator is, or was one bar ago, beyond the limit of the side."""
    return min(now, before) <= low if side > 0.0 else max(now, before) >= high


@kernel
def extremes(s: Block, side: float, bar: int, x: Block, i: int) -> int:
    """The five checks that need no range, as bits."""
    k_before = x[at.ROW_K, i - 1]
    bits = 0
    if is_outside_band(s, side, x, i):
        bits |= BB_EXTREME
    if is_extreme(side, s[at.RSI], s[at.PREVIOUS_RSI], s[at.RSI_LO], s[at.RSI_HI]):
        bits |= RSI_EXTREME
    if is_extreme(side, s[at.K], k_before, s[at.STOCH_LO], s[at.STOCH_HI]):
        bits |= STOCH_EXTREME
    if side * (s[at.HIST] - s[at.PREVIOUS_HIST]) > 0.0:
        bits |= MOMENTUM_TURN
    if volume_ratio(s, bar, x, i) >= s[at.VOL_MIN]:
        bits |= VOLUME_CONFIRM
    return bits


@kernel
def passed(bits: int) -> int:
    count = 0
    for check in range(CHECKS):
        count += (bits >> check) & 1
    return count


@kernel
def checklist(s: Block, side: float, bar: int, x: Block, i: int, ranging: bool, top: float, bottom: float) -> int:
    """All seven checks of one side as bits."""
    bits = extremes(s, side, bar, x, i)
    if ranging:
        bits |= RANGE_REGIME
    if is_located(s, side, x[CLOSE, i], top, bottom):
        bits |= RANGE_LOCATION
    return bits


@kernel
def eligible_side(s: Block, buy: int, sell: int) -> float:
    """The side that holds both gates, enough checks, and more than the other: at most one, 0 for none."""
    buys, sells = passed(buy), passed(sell)
    if buy & GATES == GATES and buys >= s[at.MIN_PASSED] and buys > sells:
        return 1.0
    return -1.0 if sell & GATES == GATES and sells >= s[at.MIN_PASSED] and sells > buys else 0.0


@kernel
def stop_price(s: Block, side: float, x: Block, i: int, top: float, bottom: float) -> float:
    """Beyond the range and the last few bars, by a fraction of the ATR."""
    n, away = int(s[at.SL_BARS]), s[at.SL_ATR] * s[at.ATR]
    if side > 0.0:
        return float(min(bottom, lowest(x, LOW, i, n)) - away)
    return float(max(top, highest(x, HIGH, i, n)) + away)


@kernel
def gain_pct(side: float, price: float, entry: float) -> float:
    """What a move from `entry` to `price` earns, in percent."""
    return side * (price - entry) / entry * 100.0


@kernel
def bracket(
    s: Block, side: float, x: Block, i: int, top: float, bottom: float
) -> tuple[int, float, float, float, float, float, float]:
    """Verdict, stop, target, and in percent: stop, target, midline target, far target."""
    entry = x[CLOSE, i]
    stop = stop_price(s, side, x, i, top, bottom)
    middle = (top + bottom) / 2.0
    inset = s[at.TP2_INSET] * (top - bottom)
    far = top - inset if side > 0.0 else bottom + inset
    sl_pct, tp1_pct, tp2_pct = -gain_pct(side, stop, entry), gain_pct(side, middle, entry), gain_pct(side, far, entry)
    if sl_pct < s[at.SL_MIN_PCT]:
        sl_pct = s[at.SL_MIN_PCT]
        stop = entry * (1.0 - side * sl_pct / 100.0)
    if sl_pct > s[at.SL_MAX_PCT]:
        return SL_TOO_WIDE, stop, middle, sl_pct, tp1_pct, tp1_pct, tp2_pct
    if tp1_pct > 0.0 and tp1_pct / sl_pct >= s[at.MIN_RR]:
        return ACCEPTED, stop, middle, sl_pct, tp1_pct, tp1_pct, tp2_pct
    if tp2_pct > 0.0 and tp2_pct / sl_pct >= s[at.MIN_RR]:
        return ACCEPTED, stop, far, sl_pct, tp2_pct, tp1_pct, tp2_pct
    return RR_TOO_LOW, stop, far, sl_pct, tp2_pct, tp1_pct, tp2_pct


@kernel
def find_setup(s: Block, bar: int, x: Block, i: int) -> tuple[float, float, float]:
    """An accepted setup at bar i: side (0 for none), stop, target. The cheap gates come first."""
    top, bottom = donchian(x, i, int(s[at.RANGE_N]))
    close = x[CLOSE, i]
    located = is_located(s, 1.0, close, top, bottom) or is_located(s, -1.0, close, top, bottom)
    if not located or not is_range(s, bar, x, i, top - bottom):
        return 0.0, math.nan, math.nan
    side = eligible_side(
        s,
        checklist(s, 1.0, bar, x, i, True, top, bottom),
        checklist(s, -1.0, bar, x, i, True, top, bottom),
    )
    if side == 0.0:
        return 0.0, math.nan, math.nan
    verdict, stop, target, _, _, _, _ = bracket(s, side, x, i, top, bottom)
    return side if verdict == ACCEPTED else 0.0, stop, target

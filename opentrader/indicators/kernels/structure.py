"""Market structure: confirmed pivots, breaks of them by the close, and how a break ages. Nothing is ever redrawn."""

from __future__ import annotations

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, Block

from . import slots as at
from .decorator import kernel, step

BOS, CHOCH = 1, 2
NO_BREAK, QUICK, CONFIRMED = range(3)
NO_AGE, FRESH, EXTENDED = range(3)


@step
def follow_structure(s: Block, bar: int, x: Block, i: int) -> None:
    """Take bar i into the structure. Nothing happens before there is an ATR."""
    atr = s[at.ATR]
    if atr >= 0.0:
        if bar >= 2 * int(s[at.PIVOT_K]):
            confirm_pivots(s, bar, x, i, s[at.PIVOT_MIN_ATR] * atr)
        test_break(s, bar, x[CLOSE, i], atr)


@step
def confirm_pivots(s: Block, bar: int, x: Block, i: int, swing: float) -> None:
    """A pivot is known k bars later. It counts if it lies a swing away from the last pivot of the other side, both
    sides judged by the pivots before this bar; a NaN level (no pivot yet) lets everything pass."""
    k = int(s[at.PIVOT_K])
    q = i - k
    top, bottom = x[HIGH, q], x[LOW, q]
    # One test, not two in turn: the first alone is a coin toss that the processor would keep guessing wrong.
    is_high = (x[at.ROW_PIVOT_TOP, q - 1] < top) & (x[at.ROW_PIVOT_TOP, i] <= top)
    is_low = (x[at.ROW_PIVOT_BOTTOM, q - 1] > bottom) & (x[at.ROW_PIVOT_BOTTOM, i] >= bottom)
    last_high, last_low = s[at.HIGHS + at.LAST], s[at.LOWS + at.LAST]
    if is_high and not top - last_low < swing:
        add_pivot(s, at.HIGHS, at.HEADER, bar - k, top)
    if is_low and not last_high - bottom < swing:
        add_pivot(s, at.LOWS, at.HEADER + 2 * int(s[at.PIVOT_SLOTS]), bar - k, bottom)


@step
def test_break(s: Block, bar: int, close: float, atr: float) -> None:
    """A close through a reference breaks structure, a wick does not; without one the last break ages."""
    if close > s[at.HIGHS + at.REFERENCE]:
        break_structure(s, bar, 1.0, at.HIGHS, close, atr)
    elif close < s[at.LOWS + at.REFERENCE]:
        break_structure(s, bar, -1.0, at.LOWS, close, atr)
    elif s[at.BRK_DIR] != 0.0:
        age_break(s, bar, s[at.BRK_DIR] * (close - s[at.BRK_LEVEL]), atr)


@kernel
def add_pivot(s: Block, side: int, ring: int, bar: int, level: float) -> None:
    slot = ring + 2 * (int(s[side + at.COUNT]) % int(s[at.PIVOT_SLOTS]))
    s[slot], s[slot + 1] = bar, level
    s[side + at.COUNT] += 1.0
    s[side + at.PREVIOUS] = s[side + at.LAST]
    s[side + at.LAST] = level
    s[side + at.REFERENCE] = level


@kernel
def break_structure(s: Block, bar: int, direction: float, side: int, close: float, atr: float) -> None:
    """The close went through the reference: a break of structure, or a change of character against the trend."""
    level = s[side + at.REFERENCE]
    s[side + at.REFERENCE] = at.NONE
    s[at.BRK_KIND] = CHOCH if s[at.DIRECTION] == -direction else BOS
    s[at.BRK_COUNT] = s[at.BRK_COUNT] + 1.0 if s[at.DIRECTION] == direction else 1.0
    s[at.DIRECTION] = direction
    s[at.BRK_DIR], s[at.BRK_LEVEL], s[at.BRK_BAR], s[at.BRK_ATR] = direction, level, bar, atr
    s[at.BRK_RUN] = s[at.BRK_ACTIVE] = 1.0
    s[at.BRK_CONFIRMED] = direction * (close - level) >= s[at.BOS_CONFIRM_ATR] * atr


@step
def age_break(s: Block, bar: int, distance: float, atr: float) -> None:
    """`distance` beyond the level, negative when the close has come back. What has failed or aged stays so."""
    s[at.BRK_RUN] = s[at.BRK_RUN] + 1.0 if distance > 0.0 else 0.0
    if s[at.BRK_ACTIVE] != 0.0 and s[at.BRK_RUN] >= s[at.BOS_CONFIRM_CLOSES]:
        s[at.BRK_CONFIRMED] = 1.0
    if distance < -s[at.BOS_FAIL_ATR] * atr or bar - s[at.BRK_BAR] > s[at.BOS_MAX_AGE]:
        s[at.BRK_ACTIVE] = 0.0


@kernel
def break_mode(s: Block) -> int:
    if s[at.BRK_DIR] == 0.0 or s[at.BRK_ACTIVE] == 0.0:
        return NO_BREAK
    return CONFIRMED if s[at.BRK_CONFIRMED] != 0.0 else QUICK


@kernel
def break_distance(s: Block, close: float) -> float:
    """Distance beyond the broken level in the ATR of the break, so that the label cannot flicker with the ATR."""
    return float(s[at.BRK_DIR] * (close - s[at.BRK_LEVEL]) / s[at.BRK_ATR])


@kernel
def trend_age(s: Block, close: float) -> int:
    if break_mode(s) == NO_BREAK:
        return NO_AGE
    return EXTENDED if break_distance(s, close) >= s[at.EXTENDED_ATR] else FRESH

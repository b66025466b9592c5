"""Maps label codes of the kernels to words, and NaN to None."""

from __future__ import annotations

import math

from opentrader.domain.analysis.market import (
    BosKind,
    BosMode,
    LiquidityProfile,
    RangePosition,
    Regime,
    TrendAge,
    TrendDirection,
)
from opentrader.domain.analysis.trend import Vote

REGIMES: tuple[Regime, ...] = ("unknown", "volatile_chop", "compression", "trend", "transition", "sideway")
POSITIONS: tuple[RangePosition, ...] = ("unknown", "low", "mid", "high", "just_broken_up", "just_broken_down")
LIQUIDITY: tuple[LiquidityProfile, ...] = ("clean", "equal_highs", "equal_lows", "void")
BOS_MODES: tuple[BosMode, ...] = ("none", "quick", "confirmed")
TREND_AGES: tuple[TrendAge, ...] = ("none", "fresh", "extended")
BOS_KINDS: tuple[BosKind | None, ...] = (None, "bos", "choch")

# Indexed by -1, 0, 1.
DIRECTIONS: tuple[TrendDirection, ...] = ("none", "up", "down")
VOTES: tuple[Vote, ...] = ("sideway", "uptrend", "downtrend")


def optional(value: float) -> float | None:
    """None for NaN."""
    return None if math.isnan(value) else value


def optionals(values: list[float]) -> list[float | None]:
    """None for each NaN, which alone does not equal itself."""
    return [None if value != value else value for value in values]  # noqa: PLR0124 - twice as fast as a call

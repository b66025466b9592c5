"""Timeframes: length, order, and the higher timeframe of each."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal, get_args

Timeframe = Literal["15m", "30m", "1h", "4h", "1d", "1w"]

TIMEFRAMES: tuple[Timeframe, ...] = get_args(Timeframe)
"""Every timeframe, shortest first."""

TF_MS = MappingProxyType[Timeframe, int](
    {"15m": 900_000, "30m": 1_800_000, "1h": 3_600_000, "4h": 14_400_000, "1d": 86_400_000, "1w": 604_800_000}
)
"""Length of one candle in milliseconds."""

HOUR_MS, DAY_MS, WEEK_MS = TF_MS["1h"], TF_MS["1d"], TF_MS["1w"]

HTF_OF = MappingProxyType[Timeframe, Timeframe](
    {"15m": "1h", "30m": "4h", "1h": "4h", "4h": "1d", "1d": "1d", "1w": "1w"}
)
"""The default higher timeframe of a middle timeframe."""

WEEK_OFFSET_MS = 4 * DAY_MS
"""The epoch was a Thursday; weekly candles open on Monday 00:00 UTC."""


def open_time(at_ms: int, timeframe: Timeframe) -> int:
    """Open time of the candle that contains the instant `at_ms`."""
    offset = WEEK_OFFSET_MS if timeframe == "1w" else 0
    return at_ms - (at_ms - offset) % TF_MS[timeframe]


def frames(htf: Timeframe, mtf: Timeframe) -> bool:
    """Whether `htf` may be the higher timeframe of `mtf`: it must not be shorter."""
    return TF_MS[htf] >= TF_MS[mtf]

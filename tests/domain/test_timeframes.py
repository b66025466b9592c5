"""Lengths, frames and opening times."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest

from opentrader.domain.timeframes import HTF_OF, TF_MS, TIMEFRAMES, Timeframe, frames, open_time


def test_every_timeframe_has_a_length_and_a_frame() -> None:
    assert TIMEFRAMES == get_args(Timeframe) == tuple(TF_MS) == tuple(HTF_OF)
    assert all(TF_MS[shorter] < TF_MS[longer] for shorter, longer in pairwise(TIMEFRAMES))


def test_frames() -> None:
    assert dict(HTF_OF) == {"15m": "1h", "30m": "4h", "1h": "4h", "4h": "1d", "1d": "1d", "1w": "1w"}
    assert all(frames(htf, mtf) for mtf, htf in HTF_OF.items())
    assert not frames("1h", "4h")


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_an_instant_lies_in_its_candle(timeframe: Timeframe) -> None:
    at_ms = 1_700_000_123_456
    opened = open_time(at_ms, timeframe)
    assert opened <= at_ms < opened + TF_MS[timeframe]
    assert open_time(opened, timeframe) == opened


def test_weeks_open_on_monday() -> None:
    monday = 1_700_438_400_000  # 2023-11-20 00:00 UTC
    assert open_time(monday, "1w") == monday
    assert open_time(monday - 1, "1w") == monday - TF_MS["1w"]

"""Recorded candles as tests make and ask them."""

from __future__ import annotations

import asyncio

import numpy as np

from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.feed.files import FileFeed

T0 = 1_704_067_200_000  # 2024-01-01 00:00 UTC, a Monday
WEEK = TF_MS["1w"]


def candles(timeframe: Timeframe, count: int, first: int = 0) -> np.ndarray:
    """A path without repetition, on the timeframe's grid, from candle number `first` after T0."""
    number = first + np.arange(count)
    opened = 100 + number
    ts = T0 + number * float(TF_MS[timeframe])
    return np.column_stack((ts, opened, opened + 1.5, opened - 0.25, opened + 1, 10 + number % 7))


def asked(feed: FileFeed, timeframe: Timeframe, now_ms: int, limit: int = 500, pair: str = "BTCUSDT") -> np.ndarray:
    return asyncio.run(feed.candles(pair, timeframe, limit=limit, now_ms=now_ms))

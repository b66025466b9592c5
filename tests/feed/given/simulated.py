"""The simulated market as tests ask it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.feed.simulated import HISTORY_START_MS, SimulatedFeed

MINUTE = 60_000


DAY = TF_MS["1d"]


WEEK = TF_MS["1w"]


NOW = int(datetime(2024, 5, 16, 13, 47, 12, tzinfo=UTC).timestamp() * 1000)  # a Thursday


INSTANT = st.integers(HISTORY_START_MS - WEEK, HISTORY_START_MS + 800 * WEEK)


def asked(feed: SimulatedFeed, pair: str, timeframe: Timeframe, limit: int, now_ms: int) -> np.ndarray:
    return asyncio.run(feed.candles(pair, timeframe, limit=limit, now_ms=now_ms))


def aggregate(rows: np.ndarray, opened_ms: float) -> list[float]:
    return [opened_ms, rows[0, 1], rows[:, 2].max(), rows[:, 3].min(), rows[-1, 4], rows[:, 5].sum()]


def assert_sane(rows: np.ndarray, step: int) -> None:
    ts, opened, high, low, close, volume = rows.T
    assert (np.diff(ts) == step).all()
    assert (high >= np.maximum(opened, close)).all()
    assert (low <= np.minimum(opened, close)).all()
    assert (low > 0).all()
    assert (volume >= 0).all()
    assert (opened[1:] == close[:-1]).all()

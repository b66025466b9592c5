"""Candles to measure with: a seeded random walk with runs, ranges and quiet spells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]

BARS = 500
STEP_MS = 14_400_000
"""Four hours."""


def walk(seed: int, bars: int = BARS, step_ms: int = STEP_MS) -> Table:
    """Rows (bars, 6) as a feed hands them over: opening in ms, open, high, low, close, volume."""
    random = np.random.default_rng(seed)
    pace = np.repeat(random.choice([0.2, 0.6, 1.5], bars // 40 + 1), 40)[:bars]
    drift = np.repeat(random.choice([-0.25, 0.0, 0.0, 0.25], bars // 60 + 1), 60)[:bars]
    close = 20 + np.abs(180 + np.cumsum(pace * (random.normal(size=bars) + drift)))
    opened = np.concatenate(([close[0]], close[:-1]))
    high = np.maximum(opened, close) + pace * random.exponential(0.5, bars)
    low = np.minimum(opened, close) - np.minimum(pace * random.exponential(0.5, bars), 5.0)
    volume = random.integers(1, 1000, bars).astype(float)
    return np.stack((np.arange(bars) * float(step_ms), opened, high, low, close, volume), axis=1)

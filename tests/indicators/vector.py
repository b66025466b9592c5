"""Candles without a file: a little generator whose candles look like a market with a rise, a fall and a range."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opentrader.domain.analysis.candles import Block

STEP_MS = 14_400_000


def generator(seed: int) -> Callable[[], int]:
    """A linear congruential generator: 15-bit draws, the same on any machine."""
    state = seed

    def draw() -> int:
        nonlocal state
        state = (state * 1103515245 + 12345) % 2**31
        return state >> 16

    return draw


def vector(seed: int = 20260427, bars: int = 400) -> Block:
    """(bars, 6) candles of 4h with prices in eighths."""
    draw, price, table = generator(seed), 800, []
    for i in range(bars):
        drift = 3 if i < 150 else -3 if i < 260 else 0
        close = max(80, price + draw() % 41 - 20 + drift)
        high = max(price, close) + draw() % 9
        low = min(price, close) - draw() % 9
        table.append([i * STEP_MS, price / 8, high / 8, low / 8, close / 8, 100 + draw() % 900])
        price = close
    return np.array(table, dtype=np.float64)


def walk(seed: int, bars: int, grid: float = 1024.0) -> Block:
    """(bars, 6) candles of 4h of a seeded random walk with runs, ranges and quiet spells.

    Prices are multiples of 1/grid: on a coarse one, ties occur and sums are exact.
    """
    random = np.random.default_rng(seed)
    pace = np.repeat(random.choice([0.2, 0.6, 1.5], bars // 40 + 1), 40)[:bars]
    drift = np.repeat(random.choice([-0.25, 0.0, 0.0, 0.25], bars // 60 + 1), 60)[:bars]
    close = 200 + np.cumsum(pace * (random.normal(size=bars) + drift))
    close = 20 + np.abs(close - 20)
    opening = np.concatenate(([close[0]], close[:-1]))
    high = np.maximum(opening, close) + pace * random.exponential(0.5, bars)
    low = np.minimum(opening, close) - np.minimum(pace * random.exponential(0.5, bars), 5.0)
    volume = random.integers(0, 1000, bars).astype(float)
    prices = np.round(np.stack((opening, high, low, close)) * grid) / grid
    return np.stack((np.arange(bars) * float(STEP_MS), *prices, volume), axis=1)

"""Liquidity near the price: swept or not, wide enough or not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opentrader.domain.analysis.candles import Block
from opentrader.indicators.kernels import liquidity as codes
from opentrader.indicators.kernels import slots as at


def test_a_level_is_swept_by_a_bar_beyond_it(kernels: Any) -> None:
    x = np.zeros((6, 10))
    x[2], x[3] = 10.0, 5.0
    swept = kernels("liquidity").swept
    assert not swept(x, 9, 5, 1.0, 10.0)
    assert swept(x, 9, 5, 1.0, 9.9)
    assert swept(x, 9, 5, -1.0, 5.1)
    x[2, 2] = 20.0  # too long ago
    assert not swept(x, 9, 5, 1.0, 10.0)


def test_a_gap_must_be_wide_and_near(kernels: Any, state: Block) -> None:
    distance, atr = kernels("liquidity").gap_distance, 2.0
    wide = state[at.VOID_MIN_ATR] * atr
    assert distance(state, 100.0, 100.0 + wide, 1.0, atr) == 0.5
    assert distance(state, 100.0, 100.0 + wide * 0.99, 1.0, atr) == math.inf
    assert distance(state, 100.0, 100.0 + wide, (state[at.VOID_NEAR_ATR] + 0.1) * atr, atr) == math.inf
    assert distance(state, 100.0, 100.0 + wide, -0.1, atr) == math.inf


def test_without_an_atr_the_market_is_clean(kernels: Any, state: Block, rows: Block) -> None:
    kind, level, distance = kernels("liquidity").liquidity(state, 100, rows, 100)
    assert kind == codes.CLEAN
    assert math.isnan(level)
    assert math.isnan(distance)

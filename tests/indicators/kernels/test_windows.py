"""Functions of one window, against numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, Block


@pytest.mark.parametrize(("i", "n"), [(50, 20), (19, 20), (299, 7), (10, 1)])
def test_a_window_ends_at_its_bar(kernels: Any, rows: Block, i: int, n: int) -> None:
    windows, window = kernels("windows"), rows[CLOSE, i - n + 1 : i + 1]
    mean = windows.mean(rows, CLOSE, i, n)
    assert mean == pytest.approx(window.mean())
    assert windows.deviation(rows, CLOSE, i, n, mean) == pytest.approx(window.std())
    assert windows.highest(rows, CLOSE, i, n) == window.max()
    assert windows.lowest(rows, CLOSE, i, n) == window.min()
    highs, lows = (rows[row, i - n + 1 : i + 1] for row in (HIGH, LOW))
    assert windows.extremes(rows, i, n) == (highs.max(), lows.min())


def test_a_market_that_does_not_move(kernels: Any) -> None:
    windows, still = kernels("windows"), np.full((6, 60), 64.0)
    assert windows.choppiness(still, 50, 14) == 100
    assert windows.efficiency(still, 50, 14) == 0
    assert math.isnan(windows.relative(np.zeros((6, 60)), CLOSE, 50, 14, 50))


def test_a_straight_way_is_efficient(kernels: Any) -> None:
    straight = np.tile(np.arange(60.0), (6, 1))
    assert kernels("windows").efficiency(straight, 50, 14) == 1

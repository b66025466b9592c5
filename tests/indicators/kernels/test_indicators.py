"""The true range, and what is carried from bar to bar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opentrader.domain.analysis.candles import Block
from opentrader.indicators.kernels import slots as at


@pytest.mark.parametrize(("high", "low", "before", "wanted"), [(12, 10, 11, 2), (12, 10, 7, 5), (12, 10, 15, 5)])
def test_the_true_range_reaches_to_the_close_before(
    kernels: Any, high: float, low: float, before: float, wanted: float
) -> None:
    x = np.zeros((6, 2))
    x[2, 1], x[3, 1], x[4, 0] = high, low, before
    assert kernels("indicators").true_range(x, 1) == wanted


def test_what_is_carried_comes_back(kernels: Any, state: Block) -> None:
    part = kernels("indicators")
    t, g, m = part.Trend(1.0, 2.0), part.Strength(*map(float, range(3, 9))), part.Momentum(*map(float, range(9, 14)))
    part.keep(state, t, g, m)
    assert (part.trend_of(state), part.strength_of(state), part.momentum_of(state)) == (t, g, m)


def test_shares_are_unknown_before_there_are_enough_bars(kernels: Any, state: Block) -> None:
    part = kernels("indicators")
    strength = part.Strength(0.0, 0.0, 3.0, 1.0, 10.0, 0.0)
    part.publish_shares(state, strength)
    assert np.isnan(state[at.PLUS_DI])
    state[at.BARS] = state[at.ADX_N] + 1
    part.publish_shares(state, strength)
    assert (state[at.PLUS_DI], state[at.MINUS_DI]) == (30, 10)

"""The six votes, each by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opentrader.domain.analysis.candles import CLOSE, VOLUME, Block
from opentrader.indicators.kernels import slots as at


@pytest.mark.parametrize(("x", "vote"), [(55.0, 1), (45.0, -1), (50.0, 0), (80.0, 1)])
def test_a_band(kernels: Any, x: float, vote: int) -> None:
    assert kernels("votes").banded(x, 55.0, 45.0) == vote


def test_weak_strength_has_no_vote(kernels: Any, state: Block) -> None:
    state[at.ADX], state[at.PLUS_DI], state[at.MINUS_DI] = 10.0, 40.0, 10.0
    assert kernels("votes").adx_vote(state) == 0
    state[at.ADX] = 30.0
    assert kernels("votes").adx_vote(state) == 1
    state[at.MINUS_DI] = 50.0
    assert kernels("votes").adx_vote(state) == -1


def test_volume_counts_with_the_way_of_its_bar(kernels: Any) -> None:
    x = np.zeros((6, 5))
    x[CLOSE], x[VOLUME] = [1, 2, 3, 2, 2], [9, 3, 1, 2, 4]
    assert kernels("votes").volume_balance(x, 4, 4) == pytest.approx((3 + 1 - 2) / 10)
    x[VOLUME] = 0
    assert kernels("votes").volume_balance(x, 4, 4) == 0


def test_structure_needs_two_of_three(kernels: Any, state: Block) -> None:
    vote = kernels("votes").structure_vote
    state[at.DIRECTION] = 1.0
    for side in (at.HIGHS, at.LOWS):
        state[side + at.PREVIOUS], state[side + at.LAST] = 10.0, 9.0
    assert vote(state) == 0
    state[at.HIGHS + at.LAST] = state[at.LOWS + at.LAST] = 11.0
    assert vote(state) == 1

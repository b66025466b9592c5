"""The higher timeframe: the longest average there is history for, and the place in the range."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.domain.analysis.candles import Block
from opentrader.indicators.kernels import macro as codes
from opentrader.indicators.kernels import slots as at


def test_the_longest_average_that_the_history_allows(kernels: Any, state: Block) -> None:
    length = kernels("macro").macro_length
    assert length(state, 10_000) == 0  # no ATR
    state[at.ATR] = 1.0
    assert length(state, 10_000) == state[at.MACRO_LONG]
    assert length(state, int(state[at.MACRO_MIDDLE] + state[at.MACRO_EXTRA])) == state[at.MACRO_MIDDLE]
    assert length(state, 3) == 0


@pytest.mark.parametrize(("x", "sign"), [(2.0, 1), (1.0, 0), (-1.0, 0), (-1.1, -1)])
def test_a_dead_band(kernels: Any, x: float, sign: int) -> None:
    assert kernels("macro").beyond(x, 1.0) == sign


def test_the_place_in_the_range(kernels: Any, state: Block) -> None:
    place = kernels("macro").range_position
    assert place(state, 0, 0.0) == codes.POSITION_LOW
    assert place(state, 0, 0.5) == codes.POSITION_MID
    assert place(state, 0, 1.0) == codes.POSITION_HIGH
    assert (place(state, 1, 0.5), place(state, -1, 0.5)) == (codes.JUST_BROKEN_UP, codes.JUST_BROKEN_DOWN)


def test_the_channel_leaves_its_own_bar_out(kernels: Any, rows: Block) -> None:
    top, bottom = kernels("macro").donchian(rows, 100, 20)
    assert (top, bottom) == (rows[2, 80:100].max(), rows[3, 80:100].min())

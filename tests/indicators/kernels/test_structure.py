"""Breaks of structure: by the close, confirmed by distance or time, failed or aged for good."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.domain.analysis.candles import Block
from opentrader.indicators.kernels import slots as at
from opentrader.indicators.kernels import structure as codes


@pytest.fixture
def broken(kernels: Any, state: Block) -> Block:
    """A close at 101 through a high at 100, with an ATR of 4."""
    state[at.HIGHS + at.REFERENCE] = 100.0
    kernels("structure").break_structure(state, 10, 1.0, at.HIGHS, 101.0, 4.0)
    return state


def test_a_break_is_quick_first(kernels: Any, broken: Block) -> None:
    assert kernels("structure").break_mode(broken) == codes.QUICK
    assert kernels("structure").break_distance(broken, 103.0) == 0.75
    assert kernels("structure").trend_age(broken, 103.0) == codes.FRESH
    assert kernels("structure").trend_age(broken, 100.0 + 4.0 * broken[at.EXTENDED_ATR]) == codes.EXTENDED


def test_two_closes_confirm_it(kernels: Any, broken: Block) -> None:
    kernels("structure").age_break(broken, 11, 1.0, 4.0)
    assert kernels("structure").break_mode(broken) == codes.CONFIRMED


def test_a_close_far_back_ends_it_for_good(kernels: Any, broken: Block) -> None:
    kernels("structure").age_break(broken, 11, -4.1, 4.0)
    kernels("structure").age_break(broken, 12, 9.0, 4.0)
    assert kernels("structure").break_mode(broken) == codes.NO_BREAK
    assert kernels("structure").trend_age(broken, 120.0) == codes.NO_AGE


def test_a_break_the_other_way_is_a_change_of_character(kernels: Any, broken: Block) -> None:
    assert broken[at.BRK_KIND] == codes.BOS
    broken[at.LOWS + at.REFERENCE] = 90.0
    kernels("structure").break_structure(broken, 20, -1.0, at.LOWS, 89.0, 4.0)
    assert (broken[at.BRK_KIND], broken[at.DIRECTION]) == (codes.CHOCH, -1)


def test_pivots_replace_each_other_in_their_ring(kernels: Any, state: Block) -> None:
    for number in range(3):
        kernels("structure").add_pivot(state, at.HIGHS, at.HEADER, number, 100.0 + number)
    assert (state[at.HIGHS + at.COUNT], state[at.HIGHS + at.LAST], state[at.HIGHS + at.PREVIOUS]) == (3, 102, 101)
    assert state[at.HEADER + 4 : at.HEADER + 6].tolist() == [2, 102]

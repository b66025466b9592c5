"""Parts of the MR rule: extremes, counts and gains."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(("bits", "count"), [(0, 0), (1, 1), (0b1010101, 4), (0b1111111, 7)])
def test_the_checks_that_passed_are_counted(kernels: Any, bits: int, count: int) -> None:
    assert kernels("reversion").passed(bits) == count


@pytest.mark.parametrize(("side", "price", "gain"), [(1.0, 102.0, 2.0), (-1.0, 98.0, 2.0), (1.0, 98.0, -2.0)])
def test_a_gain_in_percent_of_the_entry(kernels: Any, side: float, price: float, gain: float) -> None:
    assert kernels("reversion").gain_pct(side, price, 100.0) == pytest.approx(gain)


@pytest.mark.parametrize(
    ("side", "now", "before", "extreme"),
    [(1.0, 25.0, 50.0, True), (1.0, 50.0, 50.0, False), (-1.0, 75.0, 50.0, True), (-1.0, 25.0, 50.0, False)],
)
def test_an_extreme_lies_on_the_side_of_the_trade(
    kernels: Any, side: float, now: float, before: float, extreme: bool
) -> None:
    assert bool(kernels("reversion").is_extreme(side, now, before, 30.0, 70.0)) is extreme

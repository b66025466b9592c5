"""Recursive averages: seeded with a plain mean, then as their formulas say."""

from __future__ import annotations

import math
from typing import Any

import pytest

SAMPLES = [float(number * number % 17) for number in range(40)]


@pytest.mark.parametrize("n", [1, 5, 14])
def test_wilder(kernels: Any, n: int) -> None:
    mean = 0.0
    for k, sample in enumerate(SAMPLES, 1):
        before, mean = mean, kernels("smoothing").wilder(mean, sample, k, float(n), 1 / n)
        if k == n:
            assert mean == pytest.approx(sum(SAMPLES[:n]) / n)
        if k > n:
            assert mean == pytest.approx(before + (sample - before) / n)


def test_ema_ignores_what_comes_before_its_first_sample(kernels: Any) -> None:
    ema = kernels("smoothing").ema
    assert ema(99.0, 5.0, 0, 3.0, 0.5) == 0
    mean = 0.0
    for k, sample in enumerate(SAMPLES[:4], 1):
        mean = ema(mean, sample, k, 3.0, 0.5)
    seed = sum(SAMPLES[:3]) / 3
    assert mean == pytest.approx(seed + (SAMPLES[3] - seed) / 2)


def test_without_movement_the_adx_is_held(kernels: Any) -> None:
    held = kernels("smoothing").held_adx
    assert held(30.0, 0.0, 0.0, 20, 14.0, 1 / 14) == 30
    assert held(30.0, 3.0, 1.0, 20, 14.0, 1 / 14) == pytest.approx((30 * 13 + 50) / 14)


def test_nothing_of_nothing(kernels: Any) -> None:
    smoothing = kernels("smoothing")
    assert smoothing.percent(0.0, 0.0, 50.0) == 50
    assert smoothing.percent(1.0, 4.0, 50.0) == 25
    assert math.isnan(smoothing.known(1.0, False))
    assert smoothing.wilder_sum(10.0, 2.0, 20, 5.0, 0.2) == 10

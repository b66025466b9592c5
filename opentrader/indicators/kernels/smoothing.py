"""Recursive averages: the next mean from the last one. `k` counts samples from 1; the first `n` make the seed.

The recursions multiply by a rate that was divided once: a division waits five times as long, and each bar waits for
the one before.
"""

from __future__ import annotations

import math

from .decorator import kernel


@kernel
def wilder(mean: float, sample: float, k: int, n: float, rate: float) -> float:
    """Wilder's smoothing of rate 1 / n, seeded with the mean of n samples; a plain sum before that."""
    if k > n:
        return (mean * (n - 1.0) + sample) * rate
    total = mean + sample
    return total / n if k == n else total


@kernel
def ema(mean: float, sample: float, k: int, n: float, rate: float) -> float:
    """Exponential moving average of rate 2 / (n + 1), seeded with the mean of n samples; those before k = 1 are
    ignored."""
    if k > n:
        return (sample - mean) * rate + mean
    if k < 1:
        return 0.0
    total = mean + sample
    return total / n if k == n else total


@kernel
def wilder_sum(total: float, sample: float, k: int, n: float, rate: float) -> float:
    """Wilder's running sum: n - 1 plain samples first (as TA-Lib seeds it), then one n-th leaves for each new one."""
    if k < n:
        return total + sample
    return total - total * rate + sample


@kernel
def held_adx(mean: float, plus: float, minus: float, k: int, n: float, rate: float) -> float:
    """ADX from the k-th pair of movement sums (their shares of the range, +DI and -DI, have the same DX); without
    movement DX is 0 in the seed and the ADX is held after it."""
    total = plus + minus
    if total == 0.0:
        return mean / n if k == n else mean
    return wilder(mean, 100.0 * abs(minus - plus) / total, k, n, rate)


@kernel
def known(value: float, is_known: bool) -> float:
    """`value`, or NaN while it is not defined yet."""
    return value if is_known else math.nan


@kernel
def percent(part: float, whole: float, otherwise: float) -> float:
    """100 * part / whole, or `otherwise` of nothing."""
    return otherwise if whole == 0.0 else 100.0 * part / whole

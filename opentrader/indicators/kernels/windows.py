"""Functions of a window of the last n bars of one row that ends at column i: `x[row, i-n+1 .. i]`, oldest first.

A sum always runs over its whole window, oldest to newest, and never adds and subtracts, so that a value depends on
its window alone. Rows are addressed in place: a view of a row would be counted in and out at every bar.
"""

from __future__ import annotations

import math

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, Block

from .decorator import kernel
from .indicators import true_range


@kernel
def mean(x: Block, row: int, i: int, n: int) -> float:
    total = 0.0
    for j in range(i - n + 1, i + 1):
        total += x[row, j]
    return total / n


@kernel
def deviation(x: Block, row: int, i: int, n: int, middle: float) -> float:
    """Population standard deviation around the window's mean, two-pass."""
    total = 0.0
    for j in range(i - n + 1, i + 1):
        total += (x[row, j] - middle) * (x[row, j] - middle)
    return math.sqrt(total / n)


@kernel
def highest(x: Block, row: int, i: int, n: int) -> float:
    result = -math.inf
    for j in range(i - n + 1, i + 1):
        result = max(result, x[row, j])
    return result


@kernel
def lowest(x: Block, row: int, i: int, n: int) -> float:
    result = math.inf
    for j in range(i - n + 1, i + 1):
        result = min(result, x[row, j])
    return result


@kernel
def extremes(x: Block, i: int, n: int) -> tuple[float, float]:
    """Highest high and lowest low, in one pass."""
    top, bottom = -math.inf, math.inf
    for j in range(i - n + 1, i + 1):
        top, bottom = max(top, x[HIGH, j]), min(bottom, x[LOW, j])
    return top, bottom


@kernel
def relative(x: Block, row: int, i: int, n: int, end: int) -> float:
    """x[row, i] in units of the mean of the n values up to column `end`; NaN when that is 0."""
    base = mean(x, row, end, n)
    return math.nan if base == 0.0 else x[row, i] / base


@kernel
def choppiness(x: Block, i: int, n: int) -> float:
    """Choppiness Index (E. W. Dreiss): 100 log10(path / extent) / log10(n); 100 for no extent."""
    top, bottom = extremes(x, i, n)
    extent = top - bottom
    if extent == 0.0:
        return 100.0
    path = 0.0
    for j in range(i - n + 1, i + 1):
        path += true_range(x, j)
    return 100.0 * math.log10(path / extent) / math.log10(n)


@kernel
def efficiency(x: Block, i: int, n: int) -> float:
    """Kaufman's efficiency ratio: net move over the sum of moves of n changes, 0 without any."""
    path = 0.0
    for j in range(i - n + 1, i + 1):
        path += abs(x[CLOSE, j] - x[CLOSE, j - 1])
    return 0.0 if path == 0.0 else abs(x[CLOSE, i] - x[CLOSE, i - n]) / path

"""The window functions at every bar of a batch: the same values, to the last bit.

The inner loop runs across the bars, so that it becomes vector instructions; within each window the order stays
oldest to newest. `out` is NaN before bar n-1.
"""

from __future__ import annotations

import math

from opentrader.domain.analysis.candles import Block

from .decorator import kernel
from .smoothing import percent


@kernel
def rolling_mean(x: Block, n: int, out: Block) -> None:
    """`windows.mean` at every bar of a row."""
    begin(out, n, 0.0)
    for start in range(0, n - 3, 4):
        add_four(out[n - 1 :], x[start:], x[start + 1 :], x[start + 2 :], x[start + 3 :])
    for start in range(n - n % 4, n):
        add(out[n - 1 :], x[start:])
    for j in range(n - 1, len(out)):
        out[j] /= n


@kernel
def rolling_deviation(x: Block, n: int, middle: Block, out: Block) -> None:
    """`windows.deviation` at every bar of a row around its means."""
    begin(out, n, 0.0)
    around = middle[n - 1 :]
    for start in range(0, n - 3, 4):
        add_four_squares(out[n - 1 :], x[start:], x[start + 1 :], x[start + 2 :], x[start + 3 :], around)
    for start in range(n - n % 4, n):
        add_squares(out[n - 1 :], x[start:], around)
    for j in range(n - 1, len(out)):
        out[j] = math.sqrt(out[j] / n)


@kernel
def rolling_highest(x: Block, n: int, out: Block) -> None:
    """`windows.highest` at every bar of a row."""
    begin(out, n, -math.inf)
    for start in range(n):
        raise_to(out[n - 1 :], x[start:])


@kernel
def rolling_lowest(x: Block, n: int, out: Block) -> None:
    """`windows.lowest` at every bar of a row."""
    begin(out, n, math.inf)
    for start in range(n):
        lower_to(out[n - 1 :], x[start:])


@kernel
def begin(out: Block, n: int, value: float) -> None:
    out[: n - 1] = math.nan
    out[n - 1 :] = value


@kernel
def add(values: Block, x: Block) -> None:
    for j in range(len(values)):
        values[j] += x[j]


@kernel
def add_squares(values: Block, x: Block, around: Block) -> None:
    for j in range(len(values)):
        values[j] += (x[j] - around[j]) * (x[j] - around[j])


@kernel
def raise_to(values: Block, x: Block) -> None:
    for j in range(len(values)):
        values[j] = max(values[j], x[j])


@kernel
def lower_to(values: Block, x: Block) -> None:
    for j in range(len(values)):
        values[j] = min(values[j], x[j])


@kernel
def add_four(values: Block, a: Block, b: Block, c: Block, d: Block) -> None:
    """Four times `add` with one pass over the sums; the same additions in the same order."""
    for j in range(len(values)):
        values[j] = values[j] + a[j] + b[j] + c[j] + d[j]


@kernel
def add_four_squares(values: Block, a: Block, b: Block, c: Block, d: Block, around: Block) -> None:
    """Four times `add_squares` with one pass over the sums; the same additions in the same order."""
    for j in range(len(values)):
        m = around[j]
        sums = values[j] + (a[j] - m) * (a[j] - m) + (b[j] - m) * (b[j] - m)
        values[j] = sums + (c[j] - m) * (c[j] - m) + (d[j] - m) * (d[j] - m)


@kernel
def rolling_raw_k(close: Block, top: Block, bottom: Block, out: Block) -> None:
    """The raw stochastic at every bar; the middle of a range without extent is 50 (TA-Lib: 0)."""
    for j in range(len(out)):
        out[j] = percent(close[j] - bottom[j], top[j] - bottom[j], 50.0)

"""The windows at every bar of a batch: those of one window, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opentrader.domain.analysis.candles import CLOSE, Block


@pytest.mark.parametrize("n", [1, 4, 7, 20])
def test_each_bar_has_its_window(kernels: Any, rows: Block, n: int) -> None:
    rolling, windows, x = kernels("rolling"), kernels("windows"), rows[CLOSE]
    out = {name: np.empty(len(x)) for name in ("mean", "deviation", "highest", "lowest")}
    rolling.rolling_mean(x, n, out["mean"])
    rolling.rolling_deviation(x, n, out["mean"], out["deviation"])
    rolling.rolling_highest(x, n, out["highest"])
    rolling.rolling_lowest(x, n, out["lowest"])
    for values in out.values():
        assert np.isnan(values[: n - 1]).all()
    for i in range(n - 1, len(x), 13):
        mean = windows.mean(rows, CLOSE, i, n)
        assert out["mean"][i] == mean
        assert out["deviation"][i] == windows.deviation(rows, CLOSE, i, n, mean)
        assert out["highest"][i] == windows.highest(rows, CLOSE, i, n)
        assert out["lowest"][i] == windows.lowest(rows, CLOSE, i, n)


def test_a_range_without_extent_is_in_its_middle(kernels: Any) -> None:
    out, same = np.empty(3), np.full(3, 5.0)
    kernels("rolling").rolling_raw_k(same, same, same, out)
    assert out.tolist() == [50, 50, 50]

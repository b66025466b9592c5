"""Which candles count: those that have ended by an instant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("until", "count"), [(0.0, 0), (59.0, 0), (60.0, 1), (179.0, 2), (180.0, 3), (float("inf"), 3)]
)
def test_a_candle_counts_once_it_has_ended(kernels: Any, until: float, count: int) -> None:
    block = np.zeros((6, 3))
    block[0] = [0, 60, 120]
    assert kernels("analysis").closed_by(block, 60.0, until) == count

"""The kernels as plain Python: what a test of one of them calls, and coverage can see."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from opentrader.domain.analysis.candles import Block
from opentrader.domain.analysis.parameters import ANALYSIS, MEAN_REVERSION
from opentrader.indicators.vectors import initial
from tests.indicators.vector import walk


@pytest.fixture
def rows() -> Block:
    """Candles by column, (6, 300), of a random walk."""
    return np.ascontiguousarray(walk(7, 300).T)


@pytest.fixture
def state() -> Block:
    """A state of default parameters before the first bar, to be written to."""
    return initial(ANALYSIS, MEAN_REVERSION).copy()


@pytest.fixture
def kernels() -> Any:
    """`kernels("windows").mean`: the Python function under the compiled one."""

    class Part:
        def __init__(self, name: str) -> None:
            self._module = import_module(f"opentrader.indicators.kernels.{name}")

        def __getattr__(self, name: str) -> Any:
            found = getattr(self._module, name)
            return getattr(found, "py_func", found)

    return Part

"""P1: the sixteen indicator series of one symbol against TA-Lib."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.anchors import ta_lib
from bench.candles import walk
from bench.row import Figure, Row, Run, at_least
from bench.subject.analysis import AnalysisState, Candles, indicator_series
from bench.timing import OWN_CPU, interleaved, times_as_fast


def measure(run: Run) -> Iterator[Figure]:
    candles = Candles.of(walk(1).T)
    _demand_equal(candles)
    found = interleaved(
        {
            "all": lambda: indicator_series(candles),
            "last": lambda: AnalysisState.of(candles, "4h").indicators,
            "TA-Lib": lambda: ta_lib.sixteen(candles.high, candles.low, candles.close),
        },
        clock=OWN_CPU,
    )
    yield times_as_fast("all 500 bars", found["all"], found["TA-Lib"], at_least(3.0))
    yield times_as_fast("last values only", found["last"], found["TA-Lib"], at_least(5.0))


def _demand_equal(candles: Candles) -> None:
    """Where both have a value they are equal to 1e-9 of the price, and the last values are those of the series."""
    ours = indicator_series(candles)
    theirs = np.stack(ta_lib.sixteen(candles.high, candles.low, candles.close))
    known = ~np.isnan(ours) & ~np.isnan(theirs)
    if not known.any() or np.abs(ours - theirs)[known].max() > 1e-9 * candles.close.max():
        raise AssertionError("the series are not those of TA-Lib")
    if not np.array_equal(AnalysisState.of(candles, "4h").indicators, ours[:, -1]):
        raise AssertionError("the last values are not those of the series")


ROW = Row(
    "P1",
    what="16 indicator series of one symbol, 500 bars",
    anchor="the 11 TA-Lib calls that give the same series",
    target=">= 3x; last values only >= 5x",
    note="The values are equal to TA-Lib's. There is no entry for last values only: a new state is loaded and read.",
    measure=measure,
)

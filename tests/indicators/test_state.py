"""A living state gives what a batch gives, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opentrader.domain.analysis.candles import Candles
from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.indicators import (
    AnalysisState,
    Arrival,
    indicator_series,
    market_context,
    mr_signal,
    trend_result,
)
from opentrader.indicators.kernels import slots as at
from tests.indicators.recorded import candles, files
from tests.indicators.vector import vector, walk

STARTS = (0, 1, 2, 8, 20, 60, 119, 120, 121, 140, 288, 289, 320)


def grow(c: Candles, timeframe: Timeframe) -> None:
    """Append every candle; at many bars compare every answer with the batch's."""
    state, series = AnalysisState(timeframe, replay=True), indicator_series(c)
    look = {*STARTS, *range(400, len(c), 173), len(c) - 1}
    for i, candle in enumerate(c.block.T.tolist()):
        arrival = state.append(*candle)
        if arrival is Arrival.REBUILD:  # a gap of the venue: built anew, as the product does
            state = AnalysisState.of(c.first(i + 1), timeframe, replay=True)
        assert np.array_equal(state.indicators, series[:, i], equal_nan=True), i
        if i in look:
            compare(state, c.first(i + 1), timeframe)


def compare(state: AnalysisState, c: Candles, timeframe: Timeframe) -> None:
    fresh = AnalysisState.of(c, timeframe, replay=True)
    assert carried(state) == carried(fresh), len(c)
    assert repr(state.market_context(state, now_ms=None)) == repr(
        market_context(c, c, htf_tf=timeframe, mtf_tf=timeframe, now_ms=None)
    )
    assert repr(state.trend_result(now_ms=None)) == repr(trend_result(c, timeframe, now_ms=None))
    assert repr(state.mr_signal(now_ms=None)) == repr(mr_signal(c, timeframe, now_ms=None))


def carried(state: AnalysisState) -> list[str]:
    """Everything carried from bar to bar but the position in the ring, written out to the last bit."""
    vector = state._matrix[at.ROWS].copy()
    vector[at.POSITION] = 0
    return [value.hex() for value in vector.tolist()]


def test_recorded_candles(shared: Path) -> None:
    for file in files(shared):
        timeframe: Any = file.name.split("-")[1].split(".")[0]
        grow(candles(file).first(2000), timeframe)


def test_generated_candles() -> None:
    grow(Candles.of(vector().T), "4h")
    grow(Candles.of(walk(11, 900).T), "4h")


def test_only_the_next_candle_is_appended() -> None:
    rows = walk(5, 200).tolist()
    state = AnalysisState.of(Candles.of(np.array(rows[:190]).T), "4h")
    before = carried(state)
    changed = [*rows[189][:4], rows[189][4] + 1, rows[189][5]]
    assert state.append(*rows[189]) is Arrival.UNCHANGED
    for other in (changed, rows[188], rows[191]):
        assert state.append(*other) is Arrival.REBUILD
    assert carried(state) == before
    assert state.append(*rows[190]) is Arrival.APPENDED
    assert (state.bars, state.last_ts) == (191, 190 * TF_MS["4h"])


def test_an_empty_state_knows_nothing() -> None:
    state = AnalysisState("4h", replay=True)
    assert (state.bars, state.last_ts) == (0, None)
    assert state.market_context(state, now_ms=None) == market_context([], [], htf_tf="4h", mtf_tf="4h", now_ms=None)
    assert state.mr_signal(now_ms=None).reason == "insufficient_data"


@pytest.mark.parametrize("bars", [0, 1, 19])
def test_a_state_may_begin_with_few_candles(bars: int) -> None:
    c = Candles.of(walk(3, 150).T)
    state = AnalysisState.of(c.first(bars), "4h", replay=True)
    for candle in c.block[:, bars:].T.tolist():
        state.append(*candle)
    compare(state, c, "4h")

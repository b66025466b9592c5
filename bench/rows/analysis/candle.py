"""P3: one new closed candle, against a full recomputation and against talipp."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, cycle

import numpy as np

from bench.anchors import ta_lib
from bench.anchors.incremental import Talipp
from bench.candles import BARS, STEP_MS, walk
from bench.row import Figure, Row, Run, at_least
from bench.subject.analysis import AnalysisState, Arrival, Candles, indicator_series
from bench.timing import OWN_CPU, interleaved, times_as_fast

SYMBOLS = 500
Candle = tuple[float, ...]


def measure(run: Run) -> Iterator[Figure]:
    _demand_equal()
    run.say("one symbol")
    candles = Candles.of(walk(1).T)
    found = interleaved(
        {
            "append": _appending(AnalysisState.of(candles, "4h")),
            "read": _reading(AnalysisState.of(candles, "4h")),
            "TA-Lib": lambda: ta_lib.sixteen(candles.high, candles.low, candles.close),
            "talipp": _talipp(),
        },
        clock=OWN_CPU,
    )
    yield times_as_fast("against TA-Lib over 500 bars", found["append"], found["TA-Lib"], at_least(50.0))
    yield times_as_fast("against talipp", found["append"], found["talipp"], at_least(30.0))
    yield times_as_fast("and read as sixteen numbers, against TA-Lib", found["read"], found["TA-Lib"])
    run.say("500 symbols")
    yield _all_symbols()


def _following() -> Iterator[Candle]:
    """Candles without end that follow the walk; making one costs next to nothing."""
    columns = (cycle(column) for column in walk(1)[:, 1:].T.tolist())
    return zip(count(float(BARS * STEP_MS), float(STEP_MS)), *columns, strict=False)


def _appending(state: AnalysisState) -> Callable[[], object]:
    following = _following()
    return lambda: state.append(*next(following))


def _reading(state: AnalysisState) -> Callable[[], object]:
    append = _appending(state)
    return lambda: (append(), state.indicators)


def _talipp() -> Callable[[], object]:
    known, following = Talipp(map(tuple, walk(1).tolist())), _following()
    return lambda: known.append(next(following))


def _all_symbols() -> Figure:
    """Of 500 symbols a candle has closed: all their values."""
    columns = [Candles.of(walk(number).T) for number in range(SYMBOLS)]
    states = [AnalysisState.of(candles, "4h") for candles in columns]
    following = _following()

    def append() -> None:
        candle = next(following)
        for state in states:
            state.append(*candle)

    found = interleaved(
        {"append": append, "TA-Lib": lambda: [ta_lib.sixteen(c.high, c.low, c.close) for c in columns]},
        clock=OWN_CPU,
    )
    return times_as_fast("500 symbols against TA-Lib", found["append"], found["TA-Lib"], at_least(100.0))


def _demand_equal() -> None:
    """The state that took in a candle has the values of the batch, to the last bit."""
    table = walk(2, 700)
    series = indicator_series(Candles.of(table.T))
    state = AnalysisState.of(Candles.of(table[:BARS].T), "4h")
    for number in range(BARS, len(table)):
        if state.append(*table[number].tolist()) is not Arrival.APPENDED:
            raise AssertionError("a candle was not appended")
        if not np.array_equal(state.indicators, series[:, number]):
            raise AssertionError(f"the values at bar {number} are not those of the batch")


ROW = Row(
    "P3",
    what="one new closed candle -> all sixteen values, in constant time",
    anchor="TA-Lib recomputing 500 bars; talipp; the same for 500 symbols",
    target=">= 50x; >= 30x; >= 100x",
    note="The values are those of the batch to the last bit. There is no call for many symbols at once yet: a loop.",
    measure=measure,
)

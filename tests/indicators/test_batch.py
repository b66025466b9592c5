"""The batch functions: rows, arrays and candles are one, and nothing comes from the future."""

from __future__ import annotations

import numpy as np
import pytest

from opentrader.domain.analysis.candles import clean
from opentrader.indicators import market_context, trend_result
from tests.indicators.vector import vector

ROWS = vector()


def test_rows_arrays_and_candles_are_one() -> None:
    array, candles = ROWS[:300], clean(ROWS[:300], "4h", None)
    answers = {
        repr(market_context(x, x, htf_tf="4h", mtf_tf="4h", now_ms=None)) for x in (array, candles, array.tolist())
    }
    assert len(answers) == 1


@pytest.mark.parametrize("forming", [0, 1, 3])
def test_forming_candles_are_left_out_of_candles_too(forming: int) -> None:
    now_ms = int(ROWS[-1 - forming, 0]) + 14_400_000
    assert trend_result(clean(ROWS, "4h", None), "4h", now_ms=now_ms) == trend_result(ROWS, "4h", now_ms=now_ms)


def test_no_candle_of_the_higher_timeframe_from_the_future() -> None:
    day = 86_400_000
    htf = np.column_stack((np.arange(100) * day, ROWS[:100, 1:]))
    until = market_context(htf, ROWS[:300], htf_tf="1d", mtf_tf="4h", now_ms=100 * day)
    assert until.htf == market_context(htf[:50], ROWS[:300], htf_tf="1d", mtf_tf="4h", now_ms=None).htf

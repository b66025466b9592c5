"""What a feed may answer: candles, or an error that says what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opentrader.domain.analysis.reading import candles_of
from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import TF_MS, Timeframe, open_time
from opentrader.errors import ExchangeError
from tests.fakes.clock import NOW_MS

STEP = TF_MS["4h"]
TIMES = open_time(NOW_MS, "4h") + STEP * np.arange(-5, 1)
GOOD = np.stack((TIMES, *np.outer((10, 12, 9, 11, 5), np.ones(6))), axis=1)


class Answer:
    """A feed that has one answer."""

    source = "answer"

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def listings(self) -> dict[str, Listing]:
        return {"BTCUSDT": Listing("BTC", "USDT")}

    async def candles(self, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int) -> Any:
        return self.rows


async def read(rows: Any, timeframe: Timeframe = "4h") -> Any:
    return await candles_of(Answer(rows), "BTCUSDT", timeframe, limit=5, now_ms=NOW_MS)


def changed(row: int, column: int, value: float) -> Any:
    rows = GOOD.copy()
    rows[row, column] = value
    return rows


async def test_candles_pass_as_they_are() -> None:
    assert np.array_equal(await read(GOOD), GOOD)
    assert np.array_equal(await read(GOOD.tolist()), GOOD)
    assert len(await read(np.empty((0, 6)))) == 0
    assert len(await read(np.delete(GOOD, 2, axis=0))) == 5  # a gap is for the analysis to judge


async def test_weeks_open_on_mondays() -> None:
    monday = open_time(NOW_MS, "1w")
    assert len(await read([[monday, 10, 12, 9, 11, 5]], "1w")) == 1
    with pytest.raises(ExchangeError, match="off the grid"):
        await read([[monday - 4 * TF_MS["1d"], 10, 12, 9, 11, 5]], "1w")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (changed(2, 4, np.nan), "candle 3 of 6 is not finite"),
        (changed(2, 2, np.inf), "candle 3 of 6 is not finite"),
        (changed(1, 3, 0), "candle 2 of 6 has a price that is not above 0"),
        (changed(1, 3, -1), "candle 2 of 6 has a price that is not above 0"),
        (changed(5, 2, 10.5), "candle 6 of 6 has a high or a low within"),
        (changed(0, 3, 10.5), "candle 1 of 6 has a high or a low within"),
        (changed(3, 5, -1), "candle 4 of 6 has a negative volume"),
        (changed(3, 0, TIMES[3] + 1), "candle 4 of 6 opens off the grid"),
        (changed(5, 0, TIMES[5] + 9 * STEP), "candle 6 of 6 opens in the future"),
        (changed(3, 0, TIMES[2]), "candle 4 of 6 does not open after the candle before it"),
        (GOOD[::-1], "candle 2 of 6 does not open after"),
        (GOOD[:, :5], r"the answer has the shape \(6, 5\)"),
        (GOOD.ravel(), r"the answer has the shape \(36,\)"),
        (None, r"the answer has the shape \(\)"),
        ({"code": -1121}, "not a table of numbers, but dict"),
        ("<html>", "not a table of numbers, but str"),
        ([[1, 2], [1]], "not a table of numbers, but list"),
    ],
)
async def test_anything_else_is_an_error_that_says_what_is_wrong(rows: Any, said: str) -> None:
    with pytest.raises(ExchangeError, match=f"the feed sent bad candles of BTCUSDT 4h: .*{said}") as refused:
        await read(rows)
    assert "read again" in refused.value.hint

"""Cleaning, data quality and resampling."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.analysis import candles as module
from opentrader.domain.analysis.candles import CandleInfo, Candles, clean, flat, missing, quality, resample, stale
from opentrader.domain.analysis.parameters import ANALYSIS
from opentrader.domain.timeframes import TF_MS, Timeframe
from tests.indicators.recorded import candles
from tests.indicators.vector import walk

STEP = TF_MS["4h"]
NAN, INF = float("nan"), float("inf")


def row(n: int, close: float = 10.0, volume: Any = 5.0) -> list[Any]:
    return [n * STEP, 10.0, max(11.0, close), min(9.0, close), close, volume]


BAD = [
    [None, 10, 11, 9, 10, 5], [NAN, 10, 11, 9, 10, 5], [-STEP, 10, 11, 9, 10, 5], [0, "ten", 11, 9, 10, 5],
    [0, 10, INF, 9, 10, 5], [0, 10, 11, 0, 10, 5], [0, 10, 11, -9, 10, 5], [0, 10, 10.5, 9, 10.6, 5],
    [0, 10, 11, 9.5, 9.4, 5], [0, 10, 11, 9], [0, True, 11, 0.5, 10, 5], [0, 10, 10**400, 9, 10, 5], [],
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_an_impossible_row_is_dropped_and_counted(bad: list[Any]) -> None:
    found = clean([row(1), bad, row(2)], "4h", None)
    assert found.ts.tolist() == [STEP, 2 * STEP]
    assert found.bad_rows == 1


@pytest.mark.parametrize("volume", [None, "", NAN, INF, -1.0])
def test_an_impossible_volume_is_none_at_all(volume: Any) -> None:
    found = clean([row(1, volume=volume), row(2)[:5]], "4h", None)
    assert found.volume.tolist() == [0, 0]
    assert found.bad_rows == 0


def test_numbers_may_be_spelled() -> None:
    assert clean([[str(cell) for cell in row(1)]], "4h", None).rows().tolist() == [row(1)]


def test_the_forming_candle_is_dropped_and_one_that_ends_now_is_closed() -> None:
    rows = [row(1), row(2), row(3)]
    assert len(clean(rows, "4h", 3 * STEP)) == 2
    assert len(clean(rows, "4h", 3 * STEP - 1)) == 1
    assert len(clean(clean(rows, "4h", None), "4h", 3 * STEP)) == 2


def test_the_later_of_two_rows_stands_unless_it_is_bad() -> None:
    rows = [row(2), row(1, 9.5), row(1, 10.5), [STEP, 10, 11, 9, None, 5]]
    assert clean(rows, "4h", None).close.tolist() == [10.5, 10]


def test_a_block_is_contiguous_and_cannot_be_written() -> None:
    found = clean([row(1), row(2)], "4h", None)
    assert found.block.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        found.close[0] = 1
    assert len(clean([], "4h", None)) == len(clean(np.empty((0, 6)), "4h", 5)) == 0


def order_does_not_matter(seed: int) -> None:
    """Shuffled, with copies and rubbish between, the same candles come out; of copies the last in order counts."""
    rows = walk(seed, 60).tolist()
    shuffle = random.Random(seed)
    polluted = [[*row[:4], NAN, 1.0] for row in rows[:20]] + [[*row[:2], 0.1, 0.2, 0.3, 0] for row in rows[20:30]]
    stale_copies = [[ts, low, low, low, low, 1.0] for ts, _, _, low, _, _ in rows[30:40]]
    shuffle.shuffle(rows)
    polluted += stale_copies + rows
    forming = [60.0 * STEP, 1.0, 1.0, 1.0, 1.0, 1.0]
    found = clean([*polluted, forming], "4h", 60 * STEP)
    assert np.array_equal(found.rows(), walk(seed, 60))
    assert found.bad_rows == 30


@given(st.integers(0, 2**32 - 1))
def test_order_copies_and_rubbish_do_not_matter(seed: int) -> None:
    order_does_not_matter(seed)


def test_keeping_the_first_copy_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_wins(table: Any) -> Any:
        return table[np.unique(table[:, 0], return_index=True)[1]]

    order_does_not_matter(1)
    monkeypatch.setattr(module, "_ascending", first_wins)
    with pytest.raises(AssertionError):
        order_does_not_matter(1)


def series(*steps: int) -> Candles:
    """Candles whose opens lie so many steps apart."""
    return clean([row(n) for n in np.cumsum([1, *steps]).tolist()], "4h", None)


def test_gaps_are_counted_in_the_last_fifty_candles() -> None:
    def gaps(found: Candles) -> int:
        return missing(found.ts, len(found), STEP, ANALYSIS.gap_look)

    assert gaps(series(*[1] * 60)) == 0
    assert gaps(series(3, *[1] * 48)) == 2
    assert gaps(series(3, *[1] * 49)) == 0
    assert gaps(series(1, 2, 4)) == 4


def test_stale_after_two_more_candles() -> None:
    last = float(series(1, 1).ts[-1])
    end = int(last) + STEP
    assert not stale(last, STEP, end + 2 * STEP - 1)
    assert stale(last, STEP, end + 2 * STEP)
    assert not stale(last, STEP, None)


def test_flat_is_twenty_candles_of_one_price() -> None:
    still = [[n * STEP, 7, 7, 7, 7, 0] for n in range(1, 21)]

    def is_flat(rows: list[Any]) -> bool:
        found = clean(rows, "4h", None)
        return flat(found.high, found.low, len(found), ANALYSIS.flat_look)

    assert is_flat(still)
    assert not is_flat(still[1:])
    assert not is_flat([*still[:-1], row(20)])


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (CandleInfo(119, 9, True, True), "insufficient_data"),
        (CandleInfo(120, 9, True, True), "stale_data"),
        (CandleInfo(120, 9, True, False), "flat_market"),
        (CandleInfo(120, 6, False, False), "data_gaps"),
        (CandleInfo(120, 5, False, False), ""),
    ],
)
def test_the_first_reason_counts(info: CandleInfo, reason: str) -> None:
    assert quality(info, 120) == reason


@pytest.mark.parametrize(
    ("symbol", "finer", "coarser"), [("BTCUSDT", "15m", "30m"), ("ETHUSDT", "1d", "1w"), ("SOLUSDT", "15m", "1h")]
)
def test_resampled_candles_are_the_venues_own(shared: Path, symbol: str, finer: Timeframe, coarser: Timeframe) -> None:
    made = resample(candles(shared / "data" / f"{symbol}-{finer}.csv.gz"), finer, coarser)
    known = candles(shared / "data" / f"{symbol}-{coarser}.csv.gz")
    both, here, there = np.intersect1d(made.ts, known.ts, return_indices=True)
    assert len(both) > 200
    assert np.array_equal(made.block[:5, here], known.block[:5, there])
    assert np.allclose(made.volume[here], known.volume[there], rtol=1e-9)


def test_an_incomplete_bucket_is_left_out() -> None:
    hours = walk(1, 30)
    hours[:, 0] = (np.arange(30) + 2) * TF_MS["1h"]
    made = resample(clean(np.delete(hours, 12, axis=0), "1h", None), "1h", "4h")
    assert (made.ts / STEP).tolist() == [1, 2, 4, 5, 6, 7]
    assert made.open[0] == hours[2, 1]
    assert made.close[0] == hours[5, 4]
    assert (made.high[0], made.low[0]) == (hours[2:6, 2].max(), hours[2:6, 3].min())
    assert made.volume[0] == hours[2:6, 5].sum()


def test_only_towards_a_multiple() -> None:
    with pytest.raises(ValueError, match="4h"):
        resample(series(1), "4h", "1h")

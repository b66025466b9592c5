"""The memory of closed candles: what it holds is right, and it stays small."""

from __future__ import annotations

import numpy as np

from opentrader.domain.timeframes import TF_MS
from opentrader.feed.windows import Windows

HOUR = TF_MS["1h"]


def rows(first: int, count: int) -> np.ndarray:
    table = np.zeros((count, 6))
    table[:, 0] = (first + np.arange(count)) * HOUR
    table[:, 4] = first + np.arange(count)
    return table


def held(windows: Windows, first: int, last: int, pair: str = "A") -> list[float]:
    return windows.held(pair, "1h", first * HOUR, last * HOUR)[:, 4].tolist()


def test_nothing_is_held_at_first() -> None:
    assert held(Windows(10), 0, 5) == []


def test_a_window_within_the_one_at_hand_costs_nothing() -> None:
    windows = Windows(100)
    windows.keep("A", "1h", rows(10, 5))
    assert held(windows, 11, 14) == [11, 12, 13]
    assert held(windows, 13, 20) == [13, 14]
    assert held(windows, 20, 25) == []
    assert held(windows, 9, 12) == []
    assert windows.held("A", "4h", 10 * HOUR, 14 * HOUR).tolist() == []


def test_a_window_slides_along_at_its_length() -> None:
    windows = Windows(100)
    windows.keep("A", "1h", rows(10, 5))
    windows.keep("A", "1h", rows(14, 2))
    assert held(windows, 11, 20) == [11, 12, 13, 14, 15]
    assert held(windows, 10, 20) == []
    windows.keep("A", "1h", rows(13, 2))
    assert held(windows, 11, 20) == [11, 12, 13, 14, 15]


def test_a_gap_is_never_bridged() -> None:
    windows = Windows(100)
    windows.keep("A", "1h", rows(10, 5))
    windows.keep("A", "1h", rows(20, 2))
    assert held(windows, 10, 30) == []
    assert held(windows, 20, 30) == [20, 21]


def test_the_least_used_goes_first() -> None:
    windows = Windows(10)
    for pair in "ABC":
        windows.keep(pair, "1h", rows(0, 4))
    assert [held(windows, 0, 1, pair) for pair in "ABC"] == [[], [0], [0]]
    windows.keep("B", "1h", rows(0, 2))  # used again
    windows.keep("D", "1h", rows(0, 4))
    assert [held(windows, 0, 1, pair) for pair in "BCD"] == [[0], [], [0]]


def test_an_empty_answer_is_not_kept() -> None:
    windows = Windows(10)
    windows.keep("A", "1h", np.empty((0, 6)))
    assert held(windows, 0, 1) == []

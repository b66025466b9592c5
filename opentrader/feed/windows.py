"""A bounded cache of closed candles, so that the next request computes only new candles."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from opentrader.domain.timeframes import TF_MS, Timeframe

Rows = NDArray[np.float64]


class Windows:
    """The latest gapless window of candles of each (pair, timeframe), evicted by least recent use.

    Not thread-safe: use it on the thread of its feed.
    """

    def __init__(self, max_rows: int) -> None:
        self._max_rows = max_rows
        self._rows = 0
        self._held: OrderedDict[tuple[str, Timeframe], Rows] = OrderedDict()

    def held(self, pair: str, timeframe: Timeframe, start_ms: int, end_ms: int) -> Rows:
        """The cached candles of [start, end): a run from `start` on, or none."""
        rows = self._held.get((pair, timeframe))
        if rows is None or start_ms < rows[0, 0]:
            return np.empty((0, 6))
        step = TF_MS[timeframe]
        first = (start_ms - int(rows[0, 0])) // step
        return rows[first : max(first, (end_ms - int(rows[0, 0])) // step)]

    def keep(self, pair: str, timeframe: Timeframe, rows: Rows) -> None:
        """Cache the window just returned, unless the cached one contains it."""
        key = pair, timeframe
        old = self._held.get(key)
        if old is not None and len(rows) and old[0, 0] <= rows[0, 0] and rows[-1, 0] <= old[-1, 0]:
            self._held.move_to_end(key)
        elif len(rows):
            self._replace(key, rows if old is None else _joined(old, rows))

    def _replace(self, key: tuple[str, Timeframe], rows: Rows) -> None:
        self._rows += len(rows) - len(self._held.get(key, ()))
        self._held[key] = rows
        self._held.move_to_end(key)
        while self._rows > self._max_rows and len(self._held) > 1:
            self._rows -= len(self._held.popitem(last=False)[1])


def _joined(old: Rows, new: Rows) -> Rows:
    """`new`, preceded by enough of `old` to keep the window's length."""
    before = old[: np.searchsorted(old[:, 0], new[0, 0])]
    if len(new) >= len(old) or not len(before) or new[0, 0] > old[-1, 0]:
        return new
    return np.vstack((before, new))[-len(old) :]

"""Candles as one block of columns: cleaning, data quality, resampling.

The timestamp of a candle is its OPEN time. A block is float64 and C-contiguous with one row per column of the candles,
so that a kernel reads each column from consecutive memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opentrader.domain.timeframes import TF_MS, WEEK_OFFSET_MS, Timeframe

from .parameters import ANALYSIS, Analysis

Block: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = Block | Iterable[Sequence[Any]]

COLUMNS = ("ts", "open", "high", "low", "close", "volume")
TS, OPEN, HIGH, LOW, CLOSE, VOLUME = range(len(COLUMNS))


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Clean closed candles, oldest first, each ts once: a read-only C-contiguous (6, n) float64 block.

    `bad_rows` is the number of rows that cleaning dropped.
    """

    block: Block
    bad_rows: int = 0

    @classmethod
    def of(cls, columns: Block, bad_rows: int = 0) -> Candles:
        """Wrap a (6, n) block that is already clean; it is made contiguous and read-only."""
        block = np.ascontiguousarray(columns, dtype=np.float64)
        block.setflags(write=False)
        return cls(block, bad_rows)

    def __len__(self) -> int:
        return int(self.block.shape[1])

    @property
    def ts(self) -> Block:
        """Open times in milliseconds."""
        return self._column(TS)

    @property
    def open(self) -> Block:
        return self._column(OPEN)

    @property
    def high(self) -> Block:
        return self._column(HIGH)

    @property
    def low(self) -> Block:
        return self._column(LOW)

    @property
    def close(self) -> Block:
        return self._column(CLOSE)

    @property
    def volume(self) -> Block:
        return self._column(VOLUME)

    def _column(self, row: int) -> Block:
        column: Block = self.block[row]
        return column

    def rows(self) -> Block:
        """The same candles as an (n, 6) array."""
        return self.block.T.copy()

    def first(self, count: int) -> Candles:
        """The oldest `count` candles."""
        return self if count >= len(self) else Candles.of(self.block[:, :count], self.bad_rows)

    def last(self, count: int) -> Candles:
        """The newest `count` candles."""
        return self if count >= len(self) else Candles.of(self.block[:, len(self) - count :], self.bad_rows)


def clean(rows: Rows | Candles, timeframe: Timeframe, now_ms: int | None) -> Candles:
    """Closed, valid candles in ascending order from the rows of a source.

    Args:
        rows: `[ts_ms, open, high, low, close, volume]` each, or an (n, 6) array; numeric strings are allowed.
        timeframe: of the candles.
        now_ms: exchange time of the response; a candle that ends later is still forming and is dropped.
            None (replay) keeps all.

    A row is bad when a price or the time is missing, not finite or impossible; a bad volume becomes 0. Of two rows
    with the same ts, the later in input order is used. Gaps remain.
    """
    if isinstance(rows, Candles):
        return rows.first(closed(rows.ts, TF_MS[timeframe], now_ms))
    table = _table(rows)
    block = table.T.copy()
    if _is_clean(block):
        return Candles.of(block[:, : closed(block[TS], TF_MS[timeframe], now_ms)])
    valid = _valid(table)
    kept = table[valid]
    if now_ms is not None:
        kept = kept[kept[:, TS] + TF_MS[timeframe] <= now_ms]
    columns = _ascending(kept).T
    volume = columns[VOLUME]
    columns[VOLUME] = np.where(np.isfinite(volume) & (volume >= 0), volume, 0.0)
    return Candles.of(columns, int(len(table) - np.count_nonzero(valid)))


def closed(ts: Block, step: int, now_ms: int | None) -> int:
    """The number of the ascending open times whose candles have closed by `now_ms`."""
    if now_ms is None or len(ts) == 0 or ts[-1] + step <= now_ms:
        return len(ts)
    return int(np.searchsorted(ts, now_ms - step, side="right"))


def _table(rows: Rows) -> Block:
    """Rows as an (n, 6) array, NaN for missing and non-numeric cells."""
    if isinstance(rows, np.ndarray):
        return np.asarray(rows, dtype=np.float64).reshape(-1, len(COLUMNS))
    cells = [[_number(row[c]) if c < len(row) else math.nan for c in range(len(COLUMNS))] for row in rows]
    return np.array(cells, dtype=np.float64).reshape(-1, len(COLUMNS))


def _number(cell: object) -> float:
    if isinstance(cell, bool) or cell is None:
        return math.nan
    try:
        return float(cell)  # type: ignore[arg-type]  # what is no number raises here
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _is_clean(block: Block) -> bool:
    """Whether the block needs no cleaning, the usual case. NaN compares False; infinity is not a price."""
    ts, open_, high, low, close, volume = block
    if len(ts) == 0:
        return False
    possible = (high >= np.maximum(open_, close)) & (low <= np.minimum(open_, close)) & (low > 0) & (high < np.inf)
    possible &= (volume >= 0) & (volume < np.inf)
    return bool(possible.all() and ts[0] >= 0 and ts[-1] < np.inf and (ts[1:] > ts[:-1]).all())


def _valid(table: Block) -> NDArray[np.bool_]:
    """Which rows have a valid time and four valid prices; a comparison with NaN is False."""
    ts, open_, high, low, close = table.T[:VOLUME]
    finite = np.isfinite(table[:, :VOLUME]).all(axis=1)
    positive = (ts >= 0) & (table[:, OPEN:VOLUME] > 0).all(axis=1)
    ordered = (high >= np.maximum(open_, close)) & (low <= np.minimum(open_, close))
    return np.asarray(finite & positive & ordered)


def _ascending(table: Block) -> Block:
    """Rows by time; of equal times the last in input order, which a stable sort keeps last."""
    ts = table[:, TS]
    if (ts[1:] > ts[:-1]).all():
        return table
    ordered = table[np.argsort(ts, kind="stable")]
    newest = np.append(ordered[1:, TS] != ordered[:-1, TS], True)
    return np.asarray(ordered[newest[: len(ordered)]])


class CandleInfo(NamedTuple):
    """The facts that decide whether a history can be trusted."""

    bars: int
    gaps: int
    flat: bool
    stale: bool


def stale(last_ts: float, step: int, now_ms: int | None, parameters: Analysis = ANALYSIS) -> bool:
    """Whether at least `stale_tf` candles should have closed since the last one."""
    return now_ms is not None and now_ms - (last_ts + step) >= parameters.stale_tf * step


def missing(ts: Block, count: int, step: int, look: int) -> int:
    """The candles missing among the last `look` of the first `count`. Plain loops: the kernels compile it too."""
    gaps = 0
    for i in range(max(1, count - look + 1), count):
        gaps += max(0, round((ts[i] - ts[i - 1]) / step) - 1)
    return gaps


def flat(high: Block, low: Block, count: int, look: int) -> bool:
    """Whether the last `look` of the first `count` candles never moved. The kernels compile it too."""
    if count < look:
        return False
    for i in range(count - look, count):  # noqa: SIM110 - numba compiles it
        if high[i] != high[count - 1] or low[i] != high[count - 1]:
            return False
    return True


def quality(info: CandleInfo, need: int, parameters: Analysis = ANALYSIS) -> str:
    """The first reason to distrust the data, "" if there is none."""
    if info.bars < need:
        return "insufficient_data"
    if info.stale:
        return "stale_data"
    if info.flat:
        return "flat_market"
    return "data_gaps" if info.gaps > parameters.gap_max else ""


def resample(candles: Candles, finer: Timeframe, coarser: Timeframe) -> Candles:
    """Aggregate to a longer timeframe; incomplete buckets are dropped.

    Raises ValueError when `coarser` is not a multiple of `finer`.
    """
    ratio, rest = divmod(TF_MS[coarser], TF_MS[finer])
    if rest or not ratio:
        raise ValueError(f"{finer} candles cannot be resampled to {coarser}")
    offset = WEEK_OFFSET_MS if coarser == "1w" else 0
    opens = candles.ts - (candles.ts - offset) % TF_MS[coarser]
    starts, counts = np.unique(opens, return_counts=True)
    complete = np.repeat(counts == ratio, counts)
    groups = candles.block[:, complete].reshape(len(COLUMNS), -1, ratio)
    return Candles.of(
        np.stack(
            (
                starts[counts == ratio],
                groups[OPEN, :, 0],
                groups[HIGH].max(axis=1),
                groups[LOW].min(axis=1),
                groups[CLOSE, :, -1],
                groups[VOLUME].sum(axis=1),
            )
        )
    )

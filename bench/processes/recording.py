"""A folder of recorded candles for as many symbols as a measurement needs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from bench.candles import BARS, STEP_MS, Table, walk

DAY_MS = 6 * STEP_MS
HEADER = "timestamp_ms,open,high,low,close,volume"


def symbols(count: int) -> list[str]:
    return [f"SIM{number:04d}" for number in range(count)]


def recorded(folder: Path, count: int) -> Path:
    """Write candles of 4 hours and of a day up to now: one market, under many names, as links to the same files."""
    folder.mkdir(exist_ok=True)
    for timeframe, step in (("4h", STEP_MS), ("1d", DAY_MS)):
        first, *others = (folder / f"{symbol}USDT-{timeframe}.csv" for symbol in symbols(count))
        first.write_text("\n".join((HEADER, *_lines(_until_now(step)))) + "\n", encoding="ascii")
        for other in others:
            os.link(first, other)
    return folder


def _until_now(step: int) -> Table:
    """The walk, moved so that its last candle has just closed."""
    rows = walk(1, BARS, step)
    rows[:, 0] += int(time.time() * 1000) // step * step - BARS * step
    return rows


def _lines(rows: Table) -> Iterator[str]:
    for opened, *values in rows.round(4).tolist():
        yield ",".join((str(int(opened)), *map(str, values)))

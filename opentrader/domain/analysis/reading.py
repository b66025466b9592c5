"""Reading candles through the port: an answer that is not candles is an error for its caller, and goes no further."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opentrader.domain.analysis.candles import COLUMNS, HIGH, LOW, OPEN, TS, VOLUME, Block
from opentrader.domain.ports import Feed
from opentrader.domain.timeframes import TF_MS, Timeframe, open_time
from opentrader.errors import ExchangeError


async def candles_of(feed: Feed, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int) -> Block:
    """The candles of a feed; see `Feed.candles`. Raises `ExchangeError` for an answer that `sound` refuses, too."""
    rows = await feed.candles(pair, timeframe, limit=limit, now_ms=now_ms)
    grid = open_time(now_ms, timeframe) % TF_MS[timeframe]
    return sound(rows, f"{pair} {timeframe}", step=TF_MS[timeframe], grid=grid, now_ms=now_ms)


def sound(rows: object, what: str, *, step: int, grid: int, now_ms: int) -> Block:
    """The rows as an (n, 6) block. Raises `ExchangeError`, naming `what` and the first bad row, if they are no candles.

    A candle has six finite numbers, prices above 0 with the high above and the low below the others, and a volume of 0
    or more. It opens after the one before it, `grid` past a multiple of `step`, and at most one step after `now_ms`.
    """
    table = _table(rows, what)
    for fault, bad in _faults(table, step, grid, now_ms):
        if bad.any():
            number = int(bad.argmax())
            raise _garbled(what, f"candle {number + 1} of {len(table)} {fault}: {table[number].tolist()}")
    return table


def _faults(table: Block, step: int, grid: int, now_ms: int) -> Iterator[tuple[str, Any]]:
    """Each way not to be a candle, and which rows are so; what is compared later is finite."""
    ts, volume = table[:, TS], table[:, VOLUME]
    yield "is not finite", ~np.isfinite(table).all(axis=1)
    yield "has a price that is not above 0", (table[:, OPEN:VOLUME] <= 0).any(axis=1)
    yield "has a high or a low within its other prices", _disordered(table)
    yield "has a negative volume", volume < 0
    yield "opens off the grid of its timeframe", np.mod(ts - grid, step) != 0
    yield "opens in the future", ts > now_ms + step
    yield "does not open after the candle before it", np.diff(ts, prepend=-np.inf) <= 0


def _table(rows: object, what: str) -> Block:
    try:
        table = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise _garbled(what, f"the answer is not a table of numbers, but {type(rows).__name__}") from None
    if table.ndim != 2 or table.shape[1] != len(COLUMNS):
        raise _garbled(what, f"the answer has the shape {table.shape}, not one row of {len(COLUMNS)} numbers a candle")
    return table


def _disordered(table: Block) -> NDArray[np.bool_]:
    prices = table[:, OPEN:VOLUME]
    return np.asarray((table[:, HIGH] < prices.max(axis=1)) | (table[:, LOW] > prices.min(axis=1)))


def _garbled(what: str, text: str) -> ExchangeError:
    return ExchangeError(
        f"the feed sent bad candles of {what}: {text}",
        hint="Nothing was computed from them, and they are read again at the next request. Check the source of the"
        " candles if it goes on.",
    )

"""Tables of candles: moved in time, and recorded in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from opentrader.domain.symbols import Listing
from opentrader.feed.recording import HEADER


def later(rows: np.ndarray, shift_ms: int) -> np.ndarray:
    moved = rows.copy()
    moved[:, 0] += shift_ms
    return moved


def text(rows: np.ndarray, header: bool = True) -> str:
    lines = [",".join((str(int(row[0])), *map(repr, row[1:].tolist()))) for row in rows]
    return "\n".join(([HEADER] if header else []) + lines) + "\n"


def write(folder: Path, timeframe: str, rows: np.ndarray, symbol: str = "BTCUSDT") -> Path:
    path = folder / f"{symbol}-{timeframe}.csv"
    path.write_text(text(rows))
    return path


def made_up_listings(count: int) -> list[Listing]:
    """`count` coins that do not exist, `SIM0001` and so on: a market of any size."""
    return [Listing(f"SIM{number:04d}", "USDT") for number in range(1, count + 1)]

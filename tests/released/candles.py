"""A recorded market whose course is known: every pair stands at 100 but two, which move once and stand again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

STEP_MS = 900_000
RISING, FALLING = "SOL", "XRP"
MOVES = {"ADA": 0.0, "AVAX": 0.0, "BNB": 0.0, "BTC": 0.0, "DOGE": 0.0, "ETH": 0.0, RISING: 1.0, FALLING: -1.0}
"""What each coin adds to its price with each of the moving candles."""

PAST, FUTURE = 2_200, 1_000  # candles: more than an analysis reads, and days more than the test lets go by
STILL, MOVING = 3, 2  # candles from now on
HEIGHT = 1.0  # of every candle, so that the volatility is always the same


def record(folder: Path, now_ms: int) -> None:
    """Write a file a pair; what comes after `now_ms` is shown by the feed as it closes."""
    folder.mkdir()
    for coin, move in MOVES.items():
        rows = "\n".join(",".join(map(str, row)) for row in _candles(now_ms // STEP_MS * STEP_MS, move))
        (folder / f"{coin}USDT-15m.csv").write_text(f"timestamp_ms,open,high,low,close,volume\n{rows}\n")


def _candles(start_ms: int, move: float) -> Iterator[tuple[float, ...]]:
    opened = 100.0
    for number in range(-PAST, FUTURE):
        closed = opened + (move if STILL <= number < STILL + MOVING else 0.0)
        wick = (HEIGHT - abs(closed - opened)) / 2
        high, low = max(opened, closed) + wick, min(opened, closed) - wick
        yield start_ms + number * STEP_MS, opened, high, low, closed, 1000.0
        opened = closed

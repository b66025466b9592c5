"""The market: prices of a few symbols by the minute, drawn once for a run."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random

import numpy as np
from numpy.typing import NDArray

from opentrader.domain.symbols import Listing
from opentrader.exchange.paper.matching.price_path import NO_PATH, Path
from opentrader.exchange.paper.prices import MINUTE_MS

START_MS = 1_717_200_000_000  # 2024-06-01T00:00Z
PAIRS = {"BTCUSDT": (60_000.0, 2), "ETHUSDT": (3_000.0, 2), "SOLUSDT": (150.0, 2), "BNBUSDT": (600.0, 1)}
LISTINGS = {pair: Listing(pair.removesuffix("USDT"), "USDT") for pair in PAIRS}
SIGMA = 0.0012  # of a minute's return: stops and targets of a percent are reached within hours
JUMP = 0.02  # of one of the few minutes a day in which the price jumps
DAY = 24 * 60  # minutes
BEFORE = 60  # minutes before the start, so that there is a price at once


@dataclass(frozen=True)
class TablePrices:
    """`Prices` of the paper exchange, from one table of minutes a symbol."""

    rows: dict[str, NDArray[np.float64]]
    closes: dict[str, list[Decimal]]

    async def path(self, symbol: str, after: int, until: int) -> Path:
        rows = self.rows.get(symbol)
        if rows is None:
            return NO_PATH
        first, end = (max(0, (at - _begin()) // MINUTE_MS) for at in (after, until))
        return Path(rows[first:end], MINUTE_MS)

    async def last(self, symbol: str, at: int) -> Decimal | None:
        return self.price(symbol, at)

    async def traded_until(self, symbol: str, at: int) -> int:
        return at

    def price(self, symbol: str, at: int) -> Decimal:
        closes = self.closes[symbol]
        return closes[min(len(closes), max(1, (at - _begin()) // MINUTE_MS)) - 1]


def _begin() -> int:
    return START_MS - BEFORE * MINUTE_MS


def drawn(random: Random, hours: float) -> TablePrices:
    """A walk with jumps for each symbol. It is drawn by the day: a longer run begins as a shorter one does."""
    days = int((BEFORE + hours * 60 + 2) // DAY) + 1
    rows, closes = dict[str, NDArray[np.float64]](), dict[str, list[Decimal]]()
    for pair, (first, digits) in PAIRS.items():
        draw = np.random.default_rng(random.getrandbits(64))
        steps, reach = (np.concatenate(parts) for parts in zip(*(_day(draw) for _ in range(days)), strict=True))
        close = np.round(first * np.exp(np.cumsum(steps)), digits)
        opened = np.concatenate(([first], close[:-1]))
        high = np.round(np.maximum(opened, close) * (1 + reach[:, 0]), digits)
        low = np.round(np.minimum(opened, close) * (1 - reach[:, 1]), digits)
        ts = _begin() + np.arange(len(close), dtype=np.float64) * MINUTE_MS
        rows[pair] = np.column_stack((ts, opened, high, low, close, np.full(len(close), 10.0)))
        closes[pair] = [Decimal(repr(float(px))) for px in close]
    return TablePrices(rows, closes)


def _day(draw: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The returns of a day's minutes, and how far each minute reaches above and below."""
    jumps = draw.normal(0.0, JUMP, DAY) * (draw.random(DAY) < 0.002)
    return draw.normal(0.0, SIGMA, DAY) + jumps, np.abs(draw.normal(0.0, SIGMA / 2, (DAY, 2)))

"""The path of the price through one candle.

A candle has four prices but no order among them. The path jumps from the last close to the open, then moves to one
extreme, to the other, and to the close, through every price between. The low comes first if any open order sells, the
high first if all of them buy: a protective order is reached before a profitable one.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, OPEN, TS
from opentrader.domain.trading.venue import ZERO
from opentrader.exchange.paper.matching.orders import PaperOrder, acts_falling, level

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Path:
    """Candles of one symbol, oldest first: rows of shape (n, 6), each `step` milliseconds long."""

    rows: Rows
    step: int

    @property
    def ends(self) -> Rows:
        """The end of each candle, in milliseconds."""
        ends: Rows = self.rows[:, TS] + self.step
        return ends

    def last(self, at: int) -> Decimal | None:
        """The close of the last candle that has ended at an instant."""
        count = int(np.searchsorted(self.ends, at, side="right"))
        return decimal(self.rows[count - 1, CLOSE]) if count else None


NO_PATH = Path(np.empty((0, 6)), 60_000)


@dataclass(frozen=True, slots=True)
class Move:
    """The price moves from `start` to `end` through every price between; with `start` None it jumps."""

    start: Decimal | None
    end: Decimal
    at: int

    def price_of(self, order: PaperOrder) -> Decimal:
        """The price at which an order reached by this move acts: its level, or the end of a jump."""
        if self.start is None:
            return self.end
        if acts_falling(order):
            return min(level(order), self.start)
        return max(level(order), self.start)

    def distance(self, price: Decimal) -> Decimal:
        """The distance of a price from the start of the move."""
        return abs(price - self.start) if self.start is not None else ZERO


def moves(candle: Rows, step: int, *, high_first: bool) -> list[Move]:
    """The four moves of one candle (a row of six), each with an instant inside it."""
    opened, high, low, closed = (decimal(candle[column]) for column in (OPEN, HIGH, LOW, CLOSE))
    first, second = (high, low) if high_first else (low, high)
    at = int(candle[TS])
    return [
        Move(None, opened, at),
        Move(opened, first, at + step // 3),
        Move(first, second, at + step * 2 // 3),
        Move(second, closed, at + step - 1),
    ]


def first_touch(rows: Rows, orders: list[PaperOrder]) -> int | None:
    """The index of the first candle in which one of these orders acts."""
    low = max((float(level(one)) for one in orders if acts_falling(one)), default=-np.inf)
    high = min((float(level(one)) for one in orders if not acts_falling(one)), default=np.inf)
    touched = np.flatnonzero((rows[:, LOW] <= low) | (rows[:, HIGH] >= high))
    return int(touched[0]) if len(touched) else None


def decimal(price: float) -> Decimal:
    """The shortest decimal that equals this float: prices have few decimals, and they are exact."""
    return Decimal(repr(float(price)))

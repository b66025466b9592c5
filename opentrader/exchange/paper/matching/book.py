"""A synthetic order book around one price: the same price always gives the same book.

Best bid and ask are half a spread from the price. Further levels follow at equal distances, each with the same
notional. So a larger order gets a worse price, and one that exceeds the book is filled in part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from opentrader.domain.trading.venue import ZERO, Filters, Side


@dataclass(frozen=True, slots=True)
class Depth:
    """The shape of a book: distances as fractions of the price, notional in quote currency."""

    half_spread: Decimal = Decimal("0.0001")
    spacing: Decimal = Decimal("0.0001")
    level_notional: Decimal = Decimal(20_000)
    levels: int = 50


class Book:
    """The book at one instant. Orders at the same instant share its liquidity."""

    def __init__(self, price: Decimal, filters: Filters, depth: Depth) -> None:
        self.price = price
        self._filters, self._depth = filters, depth
        self._level_qty = max(filters.floor(depth.level_notional / price), filters.step)
        self._taken: dict[Side, Decimal] = {"buy": ZERO, "sell": ZERO}

    def best(self, side: Side) -> Decimal:
        """The best price for an order of this side: the ask for a buy, the bid for a sell."""
        return self._level_price(side, 0)

    def offers(self, side: Side, qty: Decimal, limit: Decimal | None) -> list[tuple[Decimal, Decimal]]:
        """The fills of an incoming order of `qty`, as (price, quantity), best first, no worse than `limit`."""
        fills = []
        for px, offered in self._levels(side):
            if qty <= ZERO or not _acceptable(side, px, limit):
                break
            fills.append((px, min(qty, offered)))
            qty -= min(qty, offered)
        return fills

    def take(self, side: Side, qty: Decimal) -> None:
        """Remove the quantity that an incoming order of this side took."""
        self._taken[side] += qty

    def passed(self, side: Side, limit: Decimal) -> Decimal:
        """The quantity that the market fills of a resting order at `limit`, on its way to a price at or beyond it.

        A touch fills one level's quantity; each further spacing fills one more.
        """
        beyond = abs(self.price / limit - 1) // self._depth.spacing
        capacity = self._level_qty * min(1 + beyond, Decimal(self._depth.levels))
        return max(ZERO, capacity - self._taken[_other(side)])

    def met(self, side: Side, qty: Decimal) -> None:
        """Remove the quantity that a resting order of this side received."""
        self._taken[_other(side)] += qty

    def _levels(self, side: Side) -> Iterator[tuple[Decimal, Decimal]]:
        gone = self._taken[side]
        for number in range(self._depth.levels):
            left = self._level_qty - min(gone, self._level_qty)
            gone -= self._level_qty - left
            if left > ZERO:
                yield self._level_price(side, number), left

    def _level_price(self, side: Side, number: int) -> Decimal:
        away = self._depth.half_spread + number * self._depth.spacing
        tick = self._filters.tick
        if side == "buy":
            return (self.price * (1 + away) / tick).to_integral_value(ROUND_CEILING) * tick
        return max((self.price * (1 - away) / tick).to_integral_value(ROUND_FLOOR) * tick, tick)


def _acceptable(side: Side, px: Decimal, limit: Decimal | None) -> bool:
    return limit is None or (px <= limit if side == "buy" else px >= limit)


def _other(side: Side) -> Side:
    return "sell" if side == "buy" else "buy"

"""A made-up order book about one price: the same price always has the same book.

The best bid and ask stand half a spread from the price. Behind each stand further levels, evenly spaced, each
offering the same notional. So a bigger order pays more, and one that is too big finds the book empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from opentrader.domain.trading.venue import ZERO, Filters, Side


@dataclass(frozen=True, slots=True)
class Depth:
    """The shape of a book; shares of the price, and a notional in quote currency."""

    half_spread: Decimal = Decimal("0.0001")
    spacing: Decimal = Decimal("0.0001")
    level_notional: Decimal = Decimal(20_000)
    levels: int = 50


class Book:
    """The book at one moment. What is taken from it is gone: two orders at one moment share it."""

    def __init__(self, price: Decimal, filters: Filters, depth: Depth) -> None:
        self.price = price
        self._filters, self._depth = filters, depth
        self._level_qty = max(filters.floor(depth.level_notional / price), filters.step)
        self._taken: dict[Side, Decimal] = {"buy": ZERO, "sell": ZERO}

    def best(self, side: Side) -> Decimal:
        """What an order of this side gets first: the ask for a buy, the bid for a sell."""
        return self._level_price(side, 0)

    def offers(self, side: Side, qty: Decimal, limit: Decimal | None) -> list[tuple[Decimal, Decimal]]:
        """What an incoming order of `qty` would get, as (price, quantity), best first, no worse than `limit`."""
        fills = []
        for px, offered in self._levels(side):
            if qty <= ZERO or not _acceptable(side, px, limit):
                break
            fills.append((px, min(qty, offered)))
            qty -= min(qty, offered)
        return fills

    def take(self, side: Side, qty: Decimal) -> None:
        """Remove from the book what an incoming order of this side got."""
        self._taken[side] += qty

    def passed(self, side: Side, limit: Decimal) -> Decimal:
        """How much of a resting order at `limit` the market took on its way to this price, which is at or beyond it.

        A touch takes one level's worth, and each spacing that the price went further one more.
        """
        beyond = abs(self.price / limit - 1) // self._depth.spacing
        capacity = self._level_qty * min(1 + beyond, Decimal(self._depth.levels))
        return max(ZERO, capacity - self._taken[_other(side)])

    def met(self, side: Side, qty: Decimal) -> None:
        """Remove what a resting order of this side got."""
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

"""The matching engine: moves the price and fills open orders. Its only side effects are on the account passed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from opentrader.domain.copies import copied
from opentrader.domain.trading.venue import ZERO, Filters, Status
from opentrader.exchange.paper.matching.account import Account
from opentrader.exchange.paper.matching.book import Book, Depth
from opentrader.exchange.paper.matching.fees import BNB, Commission, Fees, in_bnb, received
from opentrader.exchange.paper.matching.orders import AT_MARKET, PaperOrder, ceiling, reached
from opentrader.exchange.paper.matching.price_path import Move, Rows, moves

BnbPrice = Callable[[str, int], Decimal | None]
"""The price of one BNB in a currency at an instant; None if that pair is not listed."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Book depth and fees of the venue."""

    depth: Depth = field(default_factory=Depth)
    fees: Fees = field(default_factory=Fees)


class Matching:
    """Executes fills in one account at given rates."""

    def __init__(self, account: Account, rates: Rates, bnb_price: BnbPrice) -> None:
        self.account, self.rates = account, rates
        self._bnb_price = bnb_price

    def pass_candle(self, candle: Rows, step: int, filters: Filters) -> None:
        """Move the price through one candle of the symbol: a row of six, `step` milliseconds long."""
        orders = self.account.open_orders(filters.symbol)
        for move in moves(candle, step, high_first=all(one.side == "buy" for one in orders)):
            self._pass(move, filters)

    def _pass(self, move: Move, filters: Filters) -> None:
        books: dict[Decimal, Book] = {}
        reached_now = [one for one in self.account.open_orders(filters.symbol) if reached(one, move.end)]
        # No move reaches both orders of a list: the price stood between them when it was placed.
        for order in sorted(reached_now, key=lambda one: (move.distance(move.price_of(one)), one.id)):
            price = move.price_of(order) if order.waiting else move.end
            book = books.setdefault(price, Book(price, filters, self.rates.depth))
            act = self._trigger if order.waiting else self._meet
            act(order, book, max(move.at, order.created_at))

    def _trigger(self, order: PaperOrder, book: Book, at: int) -> None:
        """The trigger price is reached: the sibling expires and the order becomes active."""
        self._end_sibling(order, at)
        self.take(self.account.put(copied(order, triggered_at=at, updated_at=at)), book, at)

    def take(self, order: PaperOrder, book: Book, at: int) -> PaperOrder:
        """Fill an incoming order from the book; the rest of it rests, or expires if it may not rest."""
        for px, qty in wanted(order, book):
            book.take(order.side, qty)
            order = self._fill(order, qty, px, self.rates.fees.taker, at)
        if order.open and (order.type in AT_MARKET or order.time_in_force != "GTC"):
            order = self._close(order, "EXPIRED", at)
        return order

    def cancel(self, order: PaperOrder, at: int) -> None:
        """Cancel an order, and the other order of its list with it."""
        for one in filter(None, (self.account.sibling(order), order)):
            self._close(one, "CANCELED", at)

    def _meet(self, order: PaperOrder, book: Book, at: int) -> None:
        """The market fills a resting order at its limit price."""
        assert order.px is not None, "only a limit rests"
        qty = min(order.rest, book.passed(order.side, order.px))
        if qty > ZERO:
            book.met(order.side, qty)
            self._fill(order, qty, order.px, self.rates.fees.maker, at)

    def _fill(self, order: PaperOrder, qty: Decimal, px: Decimal, rate: Decimal, at: int) -> PaperOrder:
        self._end_sibling(order, at)
        self.account.book(order, qty, px, self._commission(order, qty, px, rate, at), at)
        cum, quote_cum = order.cum + qty, order.quote_cum + qty * px
        filled = copied(order, cum=cum, quote_cum=quote_cum, updated_at=at)
        return self._close(filled, "FILLED", at) if filled.rest == ZERO else self.account.put(filled)

    def _end_sibling(self, order: PaperOrder, at: int) -> None:
        if sibling := self.account.sibling(order):
            self._close(sibling, "EXPIRED", at)

    def _close(self, order: PaperOrder, status: Status, at: int) -> PaperOrder:
        return self.account.put(copied(order, status=status, updated_at=at, closed_at=at))

    def _commission(self, order: PaperOrder, qty: Decimal, px: Decimal, rate: Decimal, at: int) -> Commission:
        """In BNB if configured and available, else out of the asset received."""
        fees = self.rates.fees
        price = self._bnb_price(order.quote, at) if fees.in_bnb else None
        if price is not None:
            commission = in_bnb(qty * px, rate * fees.discount, price)
            if commission.amount <= self.account.free(BNB):
                return commission
        return received(side=order.side, base=order.base, quote=order.quote, qty=qty, px=px, rate=rate)


def wanted(order: PaperOrder, book: Book) -> list[tuple[Decimal, Decimal]]:
    """The fills of an incoming order, as (price, quantity); fill-or-kill fills completely or not at all."""
    offers = book.offers(order.side, order.rest, ceiling(order))
    whole = sum((qty for _, qty in offers), ZERO) == order.rest
    return offers if whole or order.time_in_force != "FOK" else []

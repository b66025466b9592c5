"""`paper.db`, the ledger of the paper exchange, as values: what the venue was asked for, and what it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw

from opentrader.domain.trading.lifecycle.ids import ENTRY, EXIT

ZERO = Decimal(0)
PROTECTABLE = Decimal(12)  # in quote currency: what is worth less may stay without an exit
QUOTE = "USDT"
Span = tuple[int, int]
"""From and until, in milliseconds of market time."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of ours. `tail`: the last symbols of the id of its trade. Instants in milliseconds of market time."""

    id: int
    list_id: int
    cid: str
    tail: str
    symbol: str
    side: str
    qty: Decimal
    created_at: int
    closed_at: int | None

    @property
    def enters(self) -> bool:
        return ENTRY.fullmatch(self.cid) is not None

    def open_at(self, at: int) -> bool:
        return self.created_at <= at and (self.closed_at is None or at < self.closed_at)


@dataclass(frozen=True, slots=True)
class Fill:
    order_id: int
    base: str
    side: str
    qty: Decimal
    px: Decimal
    fee: Decimal
    fee_asset: str
    at: int

    @property
    def gained(self) -> Decimal:
        """What it has changed in the base asset."""
        return (self.qty if self.side == "buy" else -self.qty) - (self.fee if self.fee_asset == self.base else ZERO)

    @property
    def earned(self) -> Decimal:
        """What it has changed in the quote asset."""
        amount = self.qty * self.px * (-1 if self.side == "buy" else 1)
        return amount - (self.fee if self.fee_asset == QUOTE else ZERO)


@dataclass
class Book:
    """The orders of one trade, and their fills in the order of the ledger."""

    tail: str
    orders: list[Order] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    @property
    def net(self) -> Decimal:
        """What it holds of its base asset."""
        return sum((fill.gained for fill in self.fills), ZERO)

    @property
    def profit(self) -> Decimal:
        return sum((fill.earned for fill in self.fills), ZERO)

    @property
    def entries(self) -> list[Order]:
        return [order for order in self.orders if order.enters]

    @property
    def open(self) -> list[Order]:
        return [order for order in self.orders if order.closed_at is None]

    def least(self) -> Decimal:
        """The least that it ever held; below zero it has sold what it did not buy."""
        held = worst = ZERO
        for fill in self.fills:
            held += fill.gained
            worst = min(worst, held)
        return worst

    def bare(self, until: int) -> Iterator[Span]:
        """When more was held than open exits were for, by more than `PROTECTABLE`; neighbors are joined."""
        instants = {fill.at for fill in self.fills}
        instants |= {at for order in self.orders for at in (order.created_at, order.closed_at) if at is not None}
        since: int | None = None
        for at in sorted(instants):
            if self._uncovered(at) > PROTECTABLE:
                since = at if since is None else since
            elif since is not None:
                yield since, at
                since = None
        if since is not None:
            yield since, until

    def _uncovered(self, at: int) -> Decimal:
        """In quote currency."""
        past = [fill for fill in self.fills if fill.at <= at]
        if not past:
            return ZERO
        return (sum((fill.gained for fill in past), ZERO) - self._covered(at, past)) * past[-1].px

    def _covered(self, at: int, past: Sequence[Fill]) -> Decimal:
        """What the open sells are for; the two orders of a list are for the same coins."""
        each: dict[int, Decimal] = {}
        for order in self.orders:
            if order.side == "sell" and order.open_at(at):
                filled = sum((fill.qty for fill in past if fill.order_id == order.id), ZERO)
                each[order.list_id or -order.id] = order.qty - filled
        return sum(each.values(), ZERO)


def read(folder: Path) -> dict[str, Book]:
    """Tail -> the book of each trade of ours. Whether or not a daemon runs there."""
    database = apsw.Connection(str(folder / "paper.db"), flags=apsw.SQLITE_OPEN_READONLY)
    with closing(database):
        database.execute("BEGIN")  # one snapshot
        orders = [_order(row) for row in database.execute(_ORDERS)]
        fills = list(database.execute(_FILLS))
    return _booked([order for order in orders if order is not None], fills)


_ORDERS = "SELECT id, list_id, cid, symbol, side, qty, created_at, closed_at FROM orders ORDER BY id"
_FILLS = "SELECT order_id, base, side, qty, px, fee, fee_asset, at FROM trades ORDER BY id"


def _order(row: Any) -> Order | None:
    id_, list_id, cid, symbol, side, qty, created_at, closed_at = row
    tail = tail_of(cid)
    return None if tail is None else Order(id_, list_id, cid, tail, symbol, side, Decimal(qty), created_at, closed_at)


def tail_of(cid: str) -> str | None:
    if found := ENTRY.fullmatch(cid):
        return found["tail"]
    found = EXIT.fullmatch(cid)
    return found["id"][-8:] if found else None


def _booked(orders: Iterable[Order], fills: Iterable[Any]) -> dict[str, Book]:
    books: dict[str, Book] = {}
    owner: dict[int, Book] = {}
    for order in orders:
        book = owner[order.id] = books.setdefault(order.tail, Book(order.tail))
        book.orders.append(order)
    for order_id, base, side, qty, px, fee, fee_asset, at in fills:
        if order_id in owner:
            fill = Fill(order_id, base, side, Decimal(qty), Decimal(px), Decimal(fee), fee_asset, at)
            owner[order_id].fills.append(fill)
    return books


def without(span: Span, gaps: Iterable[Span]) -> int:
    """How long a span is, without the gaps in it."""
    start, end = span
    inside = sum(max(0, min(end, until) - max(start, since)) for since, until in gaps)
    return end - start - inside

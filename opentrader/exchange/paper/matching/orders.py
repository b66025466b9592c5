"""Orders, lists and fills of the paper exchange, with pure functions over them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from opentrader.domain.trading.exchange import OrderKind, TimeInForce
from opentrader.domain.trading.venue import ZERO, Side, Status

STOPS = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT"})
TAKE_PROFITS = frozenset({"TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
CONTINGENT = STOPS | TAKE_PROFITS
"""Orders that wait for a trigger price; the venue calls them algo orders."""

AT_MARKET = frozenset({"MARKET", "STOP_LOSS", "TAKE_PROFIT"})
"""Orders that, once active, fill from the book at any price."""

BUYING_MARGIN = Decimal("1.05")
"""The maximum price of a triggered market buy, locked while it waits, as a multiple of its trigger price."""


@dataclass(frozen=True)
class PaperOrder:
    """One order. `list_id` 0 means that it belongs to no list. Instants are milliseconds; None means not yet."""

    id: int
    list_id: int
    cid: str
    symbol: str
    base: str
    quote: str
    side: Side
    type: OrderKind
    qty: Decimal
    px: Decimal | None
    stop_px: Decimal | None
    time_in_force: TimeInForce
    created_at: int
    updated_at: int
    status: Status = "OPEN"
    cum: Decimal = ZERO
    quote_cum: Decimal = ZERO
    triggered_at: int | None = None
    closed_at: int | None = None

    @property
    def open(self) -> bool:
        return self.status == "OPEN"

    @property
    def rest(self) -> Decimal:
        return self.qty - self.cum

    @property
    def waiting(self) -> bool:
        """Whether its trigger price is not reached yet."""
        return self.type in CONTINGENT and self.triggered_at is None

    @property
    def pays(self) -> str:
        """The asset that it spends, and locks while it is open."""
        return self.base if self.side == "sell" else self.quote


@dataclass(frozen=True, slots=True)
class PaperList:
    """An OCO list; it is executing while one of its two orders is open."""

    id: int
    cid: str
    symbol: str
    stop_id: int
    target_id: int
    created_at: int


@dataclass(frozen=True, slots=True)
class PaperFill:
    """One fill with its commission. `rate`: the price of one `fee_asset` in the quote currency, 0 if it needs none."""

    id: int
    order_id: int
    symbol: str
    base: str
    quote: str
    side: Side
    qty: Decimal
    px: Decimal
    fee: Decimal
    fee_asset: str
    at: int
    rate: Decimal = ZERO

    def effects(self) -> list[tuple[str, Decimal]]:
        """Its three effects on the account, as (asset, amount)."""
        sign = 1 if self.side == "buy" else -1
        return [
            (self.base, sign * self.qty),
            (self.quote, -sign * self.qty * self.px),
            (self.fee_asset, -self.fee),
        ]


def ceiling(order: PaperOrder) -> Decimal | None:
    """The worst price that an order accepts; None means any price."""
    if order.type in AT_MARKET and order.side == "buy" and order.stop_px is not None:
        return order.stop_px * BUYING_MARGIN
    return None if order.type in AT_MARKET else order.px


def need(order: PaperOrder) -> Decimal:
    """The amount of `order.pays` that an open order may still spend, and therefore locks. A market buy never rests."""
    price = Decimal(1) if order.side == "sell" else ceiling(order)
    return ZERO if price is None else order.rest * price


def level(order: PaperOrder) -> Decimal:
    """The price that activates or fills an open order: its trigger while it waits, then its limit."""
    price = order.stop_px if order.waiting else order.px
    assert price is not None, "an order at market does not rest"
    return price


def acts_falling(order: PaperOrder) -> bool:
    """Whether the order acts at or below its level; otherwise it acts at or above."""
    if order.waiting:
        return (order.side == "sell") == (order.type in STOPS)
    return order.side == "buy"


def reached(order: PaperOrder, price: Decimal) -> bool:
    """Whether an open order acts at this price."""
    return price <= level(order) if acts_falling(order) else price >= level(order)

"""An order inside the paper exchange, and the pure questions that can be asked of one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from opentrader.domain.trading.exchange import OrderKind, TimeInForce
from opentrader.domain.trading.venue import ZERO, Side, Status

STOPS = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT"})
TAKE_PROFITS = frozenset({"TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
CONTINGENT = STOPS | TAKE_PROFITS
"""They wait for their trigger price; the venue calls them algo orders."""

AT_MARKET = frozenset({"MARKET", "STOP_LOSS", "TAKE_PROFIT"})
"""Once they work they take what the book offers, at any price."""

BUYING_MARGIN = Decimal("1.05")
"""What a triggered buy at market pays at most, and locks while it waits, as a multiple of its trigger price."""


@dataclass(frozen=True, slots=True)
class PaperOrder:
    """One order. `list_id` 0: it stands alone. Instants are milliseconds, None: not yet."""

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
        """Whether its trigger price has not been reached."""
        return self.type in CONTINGENT and self.triggered_at is None

    @property
    def pays(self) -> str:
        """The asset it gives away, and locks while it is open."""
        return self.base if self.side == "sell" else self.quote


@dataclass(frozen=True, slots=True)
class PaperList:
    """An OCO list; it is executing as long as one of its two orders is open."""

    id: int
    cid: str
    symbol: str
    stop_id: int
    target_id: int
    created_at: int


@dataclass(frozen=True, slots=True)
class PaperFill:
    """One fill, with the commission that was taken for it."""

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

    def effects(self) -> list[tuple[str, Decimal]]:
        """What it did to the account: (asset, amount), three of them."""
        sign = 1 if self.side == "buy" else -1
        return [
            (self.base, sign * self.qty),
            (self.quote, -sign * self.qty * self.px),
            (self.fee_asset, -self.fee),
        ]


def ceiling(order: PaperOrder) -> Decimal | None:
    """The most that an order pays, or the least that it takes; None: whatever the book offers."""
    if order.type in AT_MARKET and order.side == "buy" and order.stop_px is not None:
        return order.stop_px * BUYING_MARGIN
    return None if order.type in AT_MARKET else order.px


def need(order: PaperOrder) -> Decimal:
    """How much of `order.pays` an open order may still take, and so locks. A buy at market never waits."""
    price = Decimal(1) if order.side == "sell" else ceiling(order)
    return ZERO if price is None else order.rest * price


def level(order: PaperOrder) -> Decimal:
    """The price at which an open order acts: its trigger while it waits, then its limit."""
    price = order.stop_px if order.waiting else order.px
    assert price is not None, "an order at market does not rest"
    return price


def acts_falling(order: PaperOrder) -> bool:
    """Whether it acts at its level or below; else at its level or above."""
    if order.waiting:
        return (order.side == "sell") == (order.type in STOPS)
    return order.side == "buy"


def reached(order: PaperOrder, price: Decimal) -> bool:
    """Whether an open order acts at this price."""
    return price <= level(order) if acts_falling(order) else price >= level(order)

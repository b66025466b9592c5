"""What crosses the exchange port: the rules of a symbol, what a read shows, what is asked and how it is answered.

Quantities, prices and amounts are `Decimal`; instants are Unix milliseconds of the venue's clock. All values are
frozen and none of them knows how a venue spells itself on the wire: that is the adapter's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Literal

ZERO = Decimal(0)

Side = Literal["buy", "sell"]
OrderType = Literal["MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT"]
Status = Literal["OPEN", "FILLED", "CANCELED", "EXPIRED", "REJECTED"]

# --- the rules of a symbol -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What the venue demands of orders in one symbol, and what it can do there."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    min_notional: Decimal
    taker_rate: Decimal  # the worst rate of this account, 0.001 is 0.1 %
    order_types: frozenset[str] = frozenset({"MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT"})
    lists: bool = True  # stop and target as one OCO list
    cancel_replace: bool = False  # one request that cancels a list and places a single stop in its place
    max_orders: int = 200
    max_stops: int = 5  # each OCO list counts one
    max_lists: int = 20
    cid_length: int = 36  # longest client order id; below 36 ours are hashes and a lost store stays lost

    def floor(self, qty: Decimal) -> Decimal:
        """Down to the step."""
        return (qty / self.step).to_integral_value(ROUND_FLOOR) * self.step

    def ceil(self, qty: Decimal) -> Decimal:
        """Up to the step."""
        return (qty / self.step).to_integral_value(ROUND_CEILING) * self.step

    def price(self, px: Decimal) -> Decimal:
        """To the nearest tick."""
        return (px / self.tick).to_integral_value(ROUND_HALF_UP) * self.tick

    @property
    def stop_type(self) -> OrderType:
        """A market stop is sure to leave; a stop-limit can be jumped over."""
        return "STOP_LOSS" if "STOP_LOSS" in self.order_types else "STOP_LOSS_LIMIT"


# --- what a read shows -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of one order. Trades carry the exchange's order id, never a client id."""

    trade_id: str
    order_ex_id: str
    side: Side
    qty: Decimal
    px: Decimal
    fee: Decimal
    fee_asset: str
    at: int


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the venue reports it.

    `cum` is the executed quantity and never falls at the venue; a report may be older than another. `fees` (asset,
    amount) are those of `covered`, the part of `cum` whose trades the report knows: an order's own answer may carry
    them (`covered == cum`), a look-up may not (`covered == 0`).
    """

    cid: str
    ex_id: str
    side: Side
    type: OrderType
    status: Status
    qty: Decimal
    cum: Decimal = ZERO
    quote_cum: Decimal = ZERO
    px: Decimal | None = None
    stop_px: Decimal | None = None
    fees: tuple[tuple[str, Decimal], ...] = ()
    covered: Decimal = ZERO
    list_id: str = ""  # the exchange's id of its list
    triggered: bool = False  # a stop-limit whose limit order is on the book
    created_at: int = 0
    updated_at: int = 0

    @property
    def rest(self) -> Decimal:
        return self.qty - self.cum

    def fee(self, asset: str) -> Decimal:
        return sum((amount for name, amount in self.fees if name == asset), ZERO)


@dataclass(frozen=True, slots=True)
class OrderList:
    """An OCO list with both of its orders; `executing` until the list is done."""

    cid: str
    ex_id: str
    executing: bool
    stop: Order
    target: Order


@dataclass(frozen=True, slots=True)
class Balance:
    """One asset of the account; orders on the book lock what they may need."""

    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


@dataclass(frozen=True, slots=True)
class Others:
    """What our other trades of the same base asset hold, and lock in open exits.

    `unsettled`: one of them has a write without a known outcome, so the balance proves nothing now.
    """

    held: Decimal = ZERO
    locked: Decimal = ZERO
    unsettled: bool = False


NOBODY = Others()


@dataclass(frozen=True, slots=True)
class Watch:
    """What a read of a symbol must look up: orders and lists by client id, history from `since` on."""

    symbol: str
    orders: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    since: int = 0


@dataclass(frozen=True, slots=True)
class VenueView:
    """One read of a symbol. Each part says for itself whether it could be read: None means that it failed.

    `found` are the answers to the look-ups by client id, `missing` the ids that the venue says it does not know;
    an id in neither was not asked for, or its look-up failed. `history` are all orders since the watch's `since`,
    whoever placed them, `open_orders` all that are open now. `others` is filled in by the caller.
    """

    filters: Filters
    at: int
    last: Decimal | None = None
    balance: Balance | None = None
    open_orders: tuple[Order, ...] | None = None
    history: tuple[Order, ...] | None = None
    fills: tuple[Fill, ...] | None = None
    found: Mapping[str, Order | OrderList] = field(default_factory=lambda: MappingProxyType({}))
    missing: frozenset[str] = frozenset()
    others: Others = NOBODY

    @property
    def readable(self) -> bool:
        """Enough was read to act on: price, balance and open orders."""
        return self.last is not None and self.balance is not None and self.open_orders is not None


# --- what is asked: at most one effect a tick ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceEntry:
    """A market order (`px` None) or a good-till-cancelled limit order."""

    cid: str
    symbol: str
    side: Side
    qty: Decimal
    px: Decimal | None
    sent_at: int


@dataclass(frozen=True, slots=True)
class PlaceList:
    """An OCO list: a target and a stop for the same quantity. `limit_px` None: the stop is a market stop."""

    cid: str
    stop_cid: str
    target_cid: str
    symbol: str
    side: Side
    qty: Decimal
    stop_px: Decimal
    limit_px: Decimal | None
    target_px: Decimal
    sent_at: int


@dataclass(frozen=True, slots=True)
class PlaceStop:
    """A single stop. `limit_px` None: a market stop."""

    cid: str
    symbol: str
    side: Side
    qty: Decimal
    stop_px: Decimal
    limit_px: Decimal | None
    sent_at: int


@dataclass(frozen=True, slots=True)
class ReplaceList:
    """cancelReplace, STOP_ON_FAILURE: cancel the list (by its stop order) and place a single stop for it."""

    list_cid: str
    cancel_cid: str
    stop: PlaceStop

    @property
    def symbol(self) -> str:
        return self.stop.symbol

    @property
    def sent_at(self) -> int:
        return self.stop.sent_at


@dataclass(frozen=True, slots=True)
class CancelOrder:
    cid: str
    symbol: str


@dataclass(frozen=True, slots=True)
class CancelList:
    """Cancels a list; cancelling either of its orders does the same."""

    cid: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Close:
    """A market order that reduces: it sells what a long holds."""

    cid: str
    symbol: str
    side: Side
    qty: Decimal
    sent_at: int


Placement = PlaceEntry | PlaceList | PlaceStop | ReplaceList | Close
Effect = Placement | CancelOrder | CancelList

# --- how a write is answered -----------------------------------------------------------------------------------

Reason = Literal[
    "duplicate",  # an open order has this client id already: look it up
    "not_found",  # of a cancel: terminal or unknown
    "price",  # the relation of stop, target and last price; "would trigger immediately"
    "balance",
    "rate",  # too many requests or orders; see retry_after
    "clock",  # outside the receive window: read the venue's clock anew
    "late",  # not sent: committed too long before the write
    "gate",  # not sent: the entry gate was closed
    "filter",  # lot size, notional, number of orders, precision
    "half_done",  # of a ReplaceList: the list is cancelled, the stop was refused
    "other",
]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Done. A placement comes with what was placed; a cancel with the order as it ended, where the venue tells it."""

    report: Order | OrderList | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Surely not done."""

    reason: Reason
    code: int = 0
    text: str = ""
    retry_after: int = 0  # milliseconds


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been done, or may still be: a lasting state, never a failure."""

    text: str = ""


Outcome = Accepted | Refused | Unknown

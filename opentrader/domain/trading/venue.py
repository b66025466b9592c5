"""The values of the exchange port: filters of a symbol, results of reads, effects, and outcomes of writes.

Quantities, prices and amounts are `Decimal`; instants are Unix milliseconds of the venue's clock. All values are
frozen and independent of any venue's wire format, which is up to the adapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Literal

ZERO = Decimal(0)

Side = Literal["buy", "sell"]
OrderType = Literal["MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT"]
Status = Literal["OPEN", "FILLED", "CANCELED", "EXPIRED", "REJECTED"]
SymbolStatus = Literal["TRADING", "HALT", "BREAK", "CANCEL_ONLY"]

# --- filters of a symbol ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PriceBand:
    """Allowed limit prices as multiples of the last price (PERCENT_PRICE_BY_SIDE)."""

    bid_up: Decimal = Decimal(5)
    bid_down: Decimal = Decimal("0.2")
    ask_up: Decimal = Decimal(5)
    ask_down: Decimal = Decimal("0.2")

    def holds(self, side: Side, px: Decimal, last: Decimal) -> bool:
        down, up = (self.bid_down, self.bid_up) if side == "buy" else (self.ask_down, self.ask_up)
        return last * down <= px <= last * up


@dataclass(frozen=True, slots=True)
class Filters:
    """The order rules of the venue for one symbol, and its capabilities."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    min_notional: Decimal
    taker_rate: Decimal  # the highest rate of this account; 0.001 is 0.1 %
    order_types: frozenset[str] = frozenset({"MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT"})
    lists: bool = True  # stop and target as one OCO list
    cancel_replace: bool = False  # one request that cancels a list and places a single stop in its place
    max_orders: int = 200
    max_stops: int = 5  # each OCO list counts one
    max_lists: int = 20
    band: PriceBand | None = None
    cid_length: int = 36  # longest client order id; below 36 ours are hashes, and a lost store cannot be rebuilt
    status: SymbolStatus = "TRADING"  # of the symbol; in any other it takes no orders

    def floor(self, qty: Decimal) -> Decimal:
        """Round down to the step."""
        return (qty / self.step).to_integral_value(ROUND_FLOOR) * self.step

    def ceil(self, qty: Decimal) -> Decimal:
        """Round up to the step."""
        return (qty / self.step).to_integral_value(ROUND_CEILING) * self.step

    def price(self, px: Decimal) -> Decimal:
        """Round to the nearest tick."""
        return (px / self.tick).to_integral_value(ROUND_HALF_UP) * self.tick

    def limit_price(self, side: Side, px: Decimal) -> Decimal:
        """Round a limit price to the tick: never to a worse one than was asked for."""
        rounding = ROUND_FLOOR if side == "buy" else ROUND_CEILING
        return (px / self.tick).to_integral_value(rounding) * self.tick

    @property
    def trades(self) -> bool:
        """Whether the symbol takes orders now."""
        return self.status == "TRADING"

    @property
    def stop_type(self) -> OrderType:
        """A market stop always executes; the price can gap through a stop-limit."""
        return "STOP_LOSS" if "STOP_LOSS" in self.order_types else "STOP_LOSS_LIMIT"


# --- results of a read ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of an order. It carries the order id of the exchange, never the client order id.

    `rate` is the venue's price of one `fee_asset` in the quote currency at `at`; 0 while the adapter does not know it.
    A fee in the base or the quote asset needs none.
    """

    trade_id: str
    order_ex_id: str
    side: Side
    qty: Decimal
    px: Decimal
    fee: Decimal
    fee_asset: str
    at: int
    rate: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the venue reports it.

    `cum` is the executed quantity; it never decreases at the venue, but reports can arrive out of order. `fees` (asset,
    amount) belong to `covered`, the part of `cum` whose fills the report includes: the answer to a placement may
    include them (`covered == cum`), a lookup does not (`covered == 0`).
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
    list_id: str = ""  # exchange id of the OCO list it belongs to
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
    """The balance of one asset; open orders lock what they may need."""

    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


@dataclass(frozen=True, slots=True)
class Others:
    """The base asset that our other trades hold, and lock in open exits.

    `unsettled`: one of them has a write without a known outcome, so the balance proves nothing at the moment.
    """

    held: Decimal = ZERO
    locked: Decimal = ZERO
    unsettled: bool = False


NOBODY = Others()


# --- effects: at most one per tick ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceEntry:
    """A market order (`px` None) or a good-till-canceled limit order."""

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
    """cancelReplace, STOP_ON_FAILURE: cancel the list (by its stop order) and place a single stop instead."""

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
    """Cancels a list; canceling either of its orders does the same."""

    cid: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Close:
    """A market order that sells the position of a long trade."""

    cid: str
    symbol: str
    side: Side
    qty: Decimal
    sent_at: int


Placement = PlaceEntry | PlaceList | PlaceStop | ReplaceList | Close
Effect = Placement | CancelOrder | CancelList

# --- outcomes of a write --------------------------------------------------------------------------------------

Reason = Literal[
    "duplicate",  # an open order has this client order id: look it up
    "not_found",  # for a cancel: the order is terminal or unknown
    "price",  # stop, target and last price do not fit: "would trigger immediately"
    "balance",
    "rate",  # too many requests or orders; see retry_after
    "clock",  # outside the receive window: read the clock of the venue again
    "late",  # not sent: committed too long before the write
    "gate",  # not sent: the entry gate was closed
    "held",  # not sent: the venue allows no request for a while; see retry_after
    "closed",  # the symbol takes no orders now: read its rules again
    "filter",  # lot size, notional, number of orders, precision
    "half_done",  # for a ReplaceList: the list is canceled, the stop was refused
    "other",
]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Done. `report` is the placed order, or the final state of a canceled one where the venue reports it."""

    report: Order | OrderList | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Definitely not done."""

    reason: Reason
    code: int = 0
    text: str = ""
    retry_after: int = 0  # milliseconds


@dataclass(frozen=True, slots=True)
class Unknown:
    """Done, not done, or still to be done: a state to resolve, not a failure."""

    text: str = ""


Outcome = Accepted | Refused | Unknown

"""The exchange port: one account at one venue; orders are identified by their client order ids.

A write never raises: it returns `Accepted`, `Refused` (definitely not done) or `Unknown` (done, not done, or still to
be done). A read returns a value or raises an `ExchangeError`; after a write it may still return the earlier state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Literal, Protocol, TypeVar

from opentrader.domain.trading.looks import VenueView, Watch
from opentrader.domain.trading.venue import Balance, Filters, Order, OrderList, Outcome, Side
from opentrader.errors import ExchangeError

OrderKind = Literal[
    "MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"
]
TimeInForce = Literal["GTC", "IOC", "FOK"]
T = TypeVar("T")

# --- errors of a read ------------------------------------------------------------------------------------------


class OrderNotFound(ExchangeError):
    """The venue does not know the order or list. Soon after a write this proves nothing."""


class Unreachable(ExchangeError):
    """No answer: a timeout, a lost connection, a venue that is down."""


class GarbledAnswer(ExchangeError):
    """An answer that cannot be parsed."""


class ReadRefused(ExchangeError):
    """The venue refused a read; `venue_code` and `detail` are from the venue. Retry after `retry_after` ms."""

    def __init__(self, detail: str, *, venue_code: int, retry_after: int = 0) -> None:
        super().__init__(detail, venue_code=venue_code)
        self.venue_code, self.retry_after = venue_code, retry_after


# --- requests --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One order. `px` is the limit price, `stop_px` the trigger price; None where the type has none.

    `sent_at` is the timestamp of the request; the venue refuses a request that arrives outside the receive window.
    """

    cid: str
    symbol: str
    side: Side
    type: OrderKind
    qty: Decimal
    sent_at: int
    px: Decimal | None = None
    stop_px: Decimal | None = None
    time_in_force: TimeInForce = "GTC"


@dataclass(frozen=True, slots=True)
class ListLeg:
    """One of the two orders of an OCO list."""

    cid: str
    type: OrderKind
    px: Decimal | None = None
    stop_px: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NewList:
    """An OCO list: two orders for one quantity, one `above` and one `below` the last price."""

    cid: str
    symbol: str
    side: Side
    qty: Decimal
    above: ListLeg
    below: ListLeg
    sent_at: int


@dataclass(frozen=True, slots=True)
class PriceTicker:
    """Best bid, best ask and last price of a symbol, at the instant `at` of the venue's clock.

    `at` falls behind when market data stop.
    """

    bid: Decimal
    ask: Decimal
    last: Decimal
    at: int


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """What an answer about the whole account tells, by symbol or asset; `unreadable`: those of whom it is garbled."""

    known: Mapping[str, T]
    unreadable: frozenset[str] = frozenset()

    def of(self, name: str, nothing: T) -> T:
        """What it tells of one, or `nothing` if it does not name it. Raises `GarbledAnswer`."""
        if name in self.unreadable:
            raise GarbledAnswer(f"what the exchange told of {name} cannot be read", hint="it is asked again soon")
        return self.known.get(name, nothing)


@dataclass(frozen=True, slots=True)
class AccountView:
    """One read of the balances of the account. `unreadable`: assets whose balance could not be read."""

    balances: Mapping[str, Balance]
    at: int  # when it was asked for
    unreadable: frozenset[str] = frozenset()


# --- what the venue tells by itself ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """Something has become of orders in a symbol. What, only a read tells."""

    symbol: str


@dataclass(frozen=True, slots=True)
class PricesChanged:
    """Prices by symbol, of those that are followed."""

    prices: Mapping[str, PriceTicker]


@dataclass(frozen=True, slots=True)
class StreamAlive:
    """The stream is open, and would tell what there is to tell. It says so every second or two."""


@dataclass(frozen=True, slots=True)
class StreamLost:
    """The stream has broken or is silent. What happens until it is alive again is not told later."""


VenueEvent = OrderChanged | PricesChanged | StreamAlive | StreamLost
Hear = Callable[[VenueEvent], object]
Followed = Callable[[], Collection[str]]


StreamState = Literal["on", "off", "lost"]
"""Of the stream of a venue: alive; there is none; or there should be one, and it is opened again and again."""


@dataclass(frozen=True, slots=True)
class VenueState:
    """How the venue is doing. `reachable`: the last call was answered. `pause`: seconds until anything may be sent.

    `weight_used` of `weight_limit`: the request weight of this minute; a limit of 0 is none. `pushes`: it has a stream;
    `stream_lost_since`: by the steady clock, None while it is alive.
    """

    reachable: bool = True
    pause: float = 0.0
    weight_used: int = 0
    weight_limit: int = 0
    pushes: bool = False
    stream_lost_since: float | None = None

    @property
    def stream(self) -> StreamState:
        if not self.pushes:
            return "off"
        return "on" if self.stream_lost_since is None else "lost"


class Exchange(Protocol):
    """One account at one venue. All coroutines run on the event loop of the system; instants are Unix milliseconds.

    Every read raises `SymbolNotFound` for an unknown symbol, and the errors above. A read may be shared with others who
    ask for the same: `max_age`, in milliseconds of market time, is how old its question may be. Whatever it is, a read
    that was asked for before the last answer to a write of ours in the symbol does not serve.
    """

    venue: str
    """Its name in responses and logs: `paper`, `binance`."""

    def state(self) -> VenueState:
        """How it is doing now. Any thread; asks nobody."""
        ...

    # --- writes: return an outcome, never raise

    async def place(self, order: NewOrder) -> Outcome:
        """`Accepted.report` is the `Order`, with the fees of its immediate fills."""
        ...

    async def place_list(self, new: NewList) -> Outcome:
        """`Accepted.report` is the `OrderList`."""
        ...

    async def cancel(self, symbol: str, cid: str) -> Outcome:
        """`Accepted.report` is the final state of the order. Canceling one order of a list cancels the list."""
        ...

    async def cancel_list(self, symbol: str, cid: str) -> Outcome:
        """`Accepted.report` is the final state of the `OrderList`."""
        ...

    async def replace(self, cancel_cid: str, order: NewOrder) -> Outcome:
        """Cancel, then place only if the cancel succeeded (STOP_ON_FAILURE). `Accepted.report` is the new `Order`.

        Refused as `half_done`: canceled, but the new order was refused. Any other refusal: nothing was done.
        """
        ...

    # --- reads

    async def look(self, watch: Watch) -> VenueView:
        """Read what is asked for, in parallel. A part that cannot be read is in `failed`.

        Raises `ExchangeError` where not even the rules of the symbol are known.
        """
        ...

    async def account(self, max_age: int = 0) -> AccountView: ...

    async def open_everywhere(self, max_age: int = 0) -> Told[tuple[Order, ...]]:
        """The open orders of the whole account, by symbol."""
        ...

    async def open_lists(self) -> tuple[OrderList, ...]:
        """The executing lists of the account."""
        ...

    async def ticker(self, symbol: str, max_age: int = 0) -> PriceTicker: ...

    async def prices(self, symbols: Collection[str], max_age: int = 0) -> Mapping[str, PriceTicker]:
        """The prices of these symbols in one call; without those that have none."""
        ...

    async def filters(self, symbol: str) -> Filters:
        """The rules of a symbol, from memory where they are not old."""
        ...

    # --- push

    async def stream(self, hear: Hear, followed: Followed) -> None:
        """Begin to tell of changes, in place of an earlier `hear`. Returns at once; a stream that is lost begins anew.

        `hear` is called on the event loop and must not block. An event may come late, twice or never: it is a reason to
        read, nothing more. `followed` tells whose prices are wanted, and may be called at any time.
        """
        ...

"""The exchange as the rest of the program sees it: one account at one venue, every order by its client id.

A write never raises: it is `Accepted`, `Refused` (surely not done) or `Unknown` (it may have been done, or may still
be). A read answers or raises an `ExchangeError`; one that follows a write may still show the state before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from opentrader.domain.trading.venue import Balance, Fill, Filters, Order, OrderList, Outcome, Side
from opentrader.errors import ExchangeError

OrderKind = Literal[
    "MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"
]
TimeInForce = Literal["GTC", "IOC", "FOK"]

# --- what a read may raise -------------------------------------------------------------------------------------


class OrderNotFound(ExchangeError):
    """The venue says that it knows no such order or list. Soon after a write that proves nothing."""


class Unreachable(ExchangeError):
    """No answer: a timeout, a cut connection, a venue that is down."""


class GarbledAnswer(ExchangeError):
    """An answer that cannot be read."""


class ReadRefused(ExchangeError):
    """The venue refused to answer: `venue_code` and `detail` are its own; ask again after `retry_after` ms."""

    def __init__(self, detail: str, *, venue_code: int, retry_after: int = 0) -> None:
        super().__init__(detail, venue_code=venue_code)
        self.venue_code, self.retry_after = venue_code, retry_after


# --- what is asked ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One order. `px` is the limit, `stop_px` the trigger; each None where the type has none.

    `sent_at` is the request's own timestamp: the venue refuses one that reaches it outside the receive window.
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
    """An OCO list: two orders for one quantity, `above` and `below` the last price."""

    cid: str
    symbol: str
    side: Side
    qty: Decimal
    above: ListLeg
    below: ListLeg
    sent_at: int


@dataclass(frozen=True, slots=True)
class PriceTicker:
    """The best prices of a symbol's book and its last trade, as of an instant of the venue's clock.

    `at` lies behind where the market stands still: its data have ended, or do not arrive.
    """

    bid: Decimal
    ask: Decimal
    last: Decimal
    at: int


class Exchange(Protocol):
    """One account at one venue. All coroutines run on the system's loop; instants are Unix milliseconds.

    Every read raises `SymbolNotFound` for a symbol that is not traded, else the errors above.
    """

    venue: str
    """Its name in answers and logs: `paper`, `binance`."""

    # --- writes: an outcome, never an exception

    async def place(self, order: NewOrder) -> Outcome:
        """`Accepted.report` is the `Order`, with the fees of what it filled at once."""
        ...

    async def place_list(self, new: NewList) -> Outcome:
        """`Accepted.report` is the `OrderList`."""
        ...

    async def cancel(self, symbol: str, cid: str) -> Outcome:
        """`Accepted.report` is the order as it ended. Cancelling one order of a list cancels the list."""
        ...

    async def cancel_list(self, symbol: str, cid: str) -> Outcome:
        """`Accepted.report` is the `OrderList` as it ended."""
        ...

    async def replace(self, cancel_cid: str, order: NewOrder) -> Outcome:
        """Cancel, and place only if that succeeded (STOP_ON_FAILURE). `Accepted.report` is the new `Order`.

        Refused as `half_done`: cancelled, but the new order was refused. Any other refusal: nothing was done.
        """
        ...

    # --- reads

    async def order(self, symbol: str, cid: str) -> Order:
        """The order with this client id, the newest if several had it. Raises `OrderNotFound`."""
        ...

    async def order_list(self, symbol: str, cid: str) -> OrderList:
        """The list with this client id of its own. Raises `OrderNotFound`."""
        ...

    async def open_orders(self, symbol: str) -> tuple[Order, ...]:
        """All that are open in a symbol, whoever placed them; both orders of a list that is executing."""
        ...

    async def open_everywhere(self) -> Mapping[str, tuple[Order, ...]]:
        """The same for the whole account, by symbol. Dear at a real venue: for start and recovery."""
        ...

    async def open_lists(self) -> tuple[OrderList, ...]:
        """The lists of the account that are executing."""
        ...

    async def orders(self, symbol: str, since: int) -> tuple[Order, ...]:
        """All orders created at or after `since`, whatever became of them, oldest first."""
        ...

    async def fills(self, symbol: str, since: int) -> tuple[Fill, ...]:
        """The account's own trades at or after `since`, oldest first."""
        ...

    async def balances(self) -> Mapping[str, Balance]:
        """Every asset that the account holds."""
        ...

    async def ticker(self, symbol: str) -> PriceTicker: ...

    async def filters(self, symbol: str) -> Filters: ...

    async def server_time(self) -> int: ...

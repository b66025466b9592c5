"""The single calls of a venue, as its adapter makes them: what they cost, and their signatures.

`Connection` makes the port `Exchange` of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Protocol

from opentrader.domain.trading.exchange import Followed, Hear, NewList, NewOrder, PriceTicker
from opentrader.domain.trading.venue import Balance, Fill, Filters, Order, OrderList, Outcome

WEIGHTS: Mapping[str, int] = MappingProxyType(
    {
        "order": 4,
        "order_list": 12,  # the list, and its two orders: it tells neither their state nor their quantity
        "open_orders": 6,
        "open_everywhere": 80,
        "open_lists": 6,
        "orders": 20,
        "fills": 20,
        "balances": 20,
        "ticker": 2,
        "prices": 4,
        "filters": 20,
        "server_time": 1,
        "stream": 2,
    }
)
"""The request weight of each read at Binance since April 2026; an order that is accepted weighs nothing."""


class VenueCalls(Protocol):
    """One account at one venue, one request each. A write returns an outcome, a read raises an `ExchangeError`."""

    venue: str

    @property
    def used(self) -> int:
        """The request weight that the venue has counted in its minute, as its last answer told; 0 if it tells none."""
        ...

    @property
    def pushes(self) -> bool:
        """Whether it has a stream."""
        ...

    async def place(self, order: NewOrder) -> Outcome: ...

    async def place_list(self, new: NewList) -> Outcome: ...

    async def cancel(self, symbol: str, cid: str) -> Outcome: ...

    async def cancel_list(self, symbol: str, cid: str) -> Outcome: ...

    async def replace(self, cancel_cid: str, order: NewOrder) -> Outcome: ...

    async def order(self, symbol: str, cid: str) -> Order:
        """The newest order with this client order id. Raises `OrderNotFound`."""
        ...

    async def order_list(self, symbol: str, cid: str) -> OrderList:
        """The list with this client id. Raises `OrderNotFound`."""
        ...

    async def open_orders(self, symbol: str) -> tuple[Order, ...]:
        """All open orders of the account in a symbol, ours or not; both orders of an executing list."""
        ...

    async def open_everywhere(self) -> Mapping[str, tuple[Order, ...]]:
        """The open orders of the whole account, by symbol."""
        ...

    async def open_lists(self) -> tuple[OrderList, ...]:
        """The executing lists of the account."""
        ...

    async def orders(self, symbol: str, since: int) -> tuple[Order, ...]:
        """All orders created at or after `since`, in any state, oldest first."""
        ...

    async def fills(self, symbol: str, since: int) -> tuple[Fill, ...]:
        """The account's own trades at or after `since`, oldest first; a rate that is not known yet may come later."""
        ...

    async def balances(self) -> Mapping[str, Balance]:
        """The balance of every asset of the account."""
        ...

    async def ticker(self, symbol: str) -> PriceTicker: ...

    async def prices(self, symbols: Collection[str]) -> Mapping[str, PriceTicker]:
        """The prices of these symbols; without those that have none."""
        ...

    async def filters(self, symbol: str) -> Filters: ...

    async def server_time(self) -> int: ...

    async def stream(self, hear: Hear, followed: Followed) -> None:
        """Open a stream and hand on what it tells, until it breaks: then it raises. It never tells `StreamLost`."""
        ...

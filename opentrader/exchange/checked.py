"""The calls of an adapter, of which nothing is believed: what does not look like an answer is none.

A misshapen answer to a read is a read that failed. A misshapen answer to a write is an unknown outcome, because the
order may stand. Whatever else an adapter raises counts the same, and is logged as its fault.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any, TypeVar

from opentrader.domain.trading.exchange import Followed, GarbledAnswer, Hear, NewList, NewOrder, PriceTicker, Told
from opentrader.domain.trading.venue import Balance, Fill, Filters, Order, OrderList, Outcome, Unknown
from opentrader.errors import OpentraderError
from opentrader.exchange import shapes
from opentrader.exchange.calls import VenueCalls
from opentrader.exchange.shapes import Shape

logger = logging.getLogger(__name__)

T = TypeVar("T")


class CheckedCalls:
    """As `VenueCalls`; answers about the whole account tell of whom they cannot be read."""

    def __init__(self, calls: VenueCalls) -> None:
        self.venue = calls.venue
        self._calls = calls
        self._complaints: dict[str, str] = {}  # call -> what was wrong the last time; logged once

    @property
    def used(self) -> int:
        """The request weight that the venue has counted in its minute; 0 where it tells none, or nonsense."""
        used: Any = self._calls.used
        return used if type(used) is int and used > 0 else 0

    @property
    def pushes(self) -> bool:
        return self._calls.pushes is True

    async def stream(self, hear: Hear, followed: Followed) -> None:
        await self._calls.stream(partial(self._hear, hear), followed)

    def _hear(self, hear: Hear, event: object) -> None:
        """An event that is none is no sign of life either."""
        try:
            checked = shapes.event(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no event
            self._complain("stream", error)
        else:
            hear(checked)

    # --- writes

    async def place(self, order: NewOrder) -> Outcome:
        return await self._write("place", lambda: self._calls.place(order), partial(shapes.placed, order))

    async def place_list(self, new: NewList) -> Outcome:
        return await self._write("place_list", lambda: self._calls.place_list(new), partial(shapes.placed_list, new))

    async def cancel(self, symbol: str, cid: str) -> Outcome:
        return await self._write("cancel", lambda: self._calls.cancel(symbol, cid), partial(shapes.canceled, cid))

    async def cancel_list(self, symbol: str, cid: str) -> Outcome:
        call = partial(self._calls.cancel_list, symbol, cid)
        return await self._write("cancel_list", call, partial(shapes.canceled, cid))

    async def replace(self, cancel_cid: str, order: NewOrder) -> Outcome:
        call = partial(self._calls.replace, cancel_cid, order)
        return await self._write("replace", call, partial(shapes.placed, order))

    async def _write(self, name: str, call: Callable[[], Awaitable[Any]], report: Shape[object]) -> Outcome:
        try:
            return shapes.outcome(report, await call())
        except Exception as error:  # noqa: BLE001 - the order may stand, whatever was raised about it
            return Unknown(self._complain(name, error))

    # --- reads

    async def order(self, symbol: str, cid: str) -> Order:
        return await self._read("order", lambda: self._calls.order(symbol, cid), partial(shapes.order_called, cid))

    async def order_list(self, symbol: str, cid: str) -> OrderList:
        call = partial(self._calls.order_list, symbol, cid)
        return await self._read("order_list", call, partial(shapes.list_called, cid))

    async def open_orders(self, symbol: str) -> tuple[Order, ...]:
        return await self._read("open_orders", lambda: self._calls.open_orders(symbol), _orders)

    async def open_everywhere(self) -> Told[tuple[Order, ...]]:
        return await self._read_all("open_everywhere", self._calls.open_everywhere, _orders)

    async def open_lists(self) -> tuple[OrderList, ...]:
        return await self._read("open_lists", self._calls.open_lists, partial(shapes.each, shapes.order_list))

    async def orders(self, symbol: str, since: int) -> tuple[Order, ...]:
        return await self._read("orders", lambda: self._calls.orders(symbol, since), _orders)

    async def fills(self, symbol: str, since: int) -> tuple[Fill, ...]:
        call = partial(self._calls.fills, symbol, since)
        return await self._read("fills", call, partial(shapes.each, shapes.fill))

    async def balances(self) -> Told[Balance]:
        return await self._read_all("balances", self._calls.balances, shapes.balance)

    async def ticker(self, symbol: str) -> PriceTicker:
        return await self._read("ticker", lambda: self._calls.ticker(symbol), shapes.ticker)

    async def prices(self, symbols: Collection[str]) -> Told[PriceTicker]:
        return await self._read_all("prices", lambda: self._calls.prices(symbols), shapes.ticker)

    async def filters(self, symbol: str) -> Filters:
        return await self._read("filters", lambda: self._calls.filters(symbol), partial(shapes.filters_of, symbol))

    async def server_time(self) -> int:
        return await self._read("server_time", self._calls.server_time, shapes.server_time)

    async def _read(self, name: str, call: Callable[[], Awaitable[Any]], shape: Shape[T]) -> T:
        try:
            answer = shape(await _answer(call))
        except Exception as error:
            if isinstance(error, OpentraderError) and not isinstance(error, GarbledAnswer):
                raise
            raise GarbledAnswer(self._complain(name, error), hint="it is asked again soon") from error
        self._complaints.pop(name, None)
        return answer

    async def _read_all(self, name: str, call: Callable[[], Awaitable[Any]], shape: Shape[T]) -> Told[T]:
        told = await self._read(name, call, partial(shapes.by_name, shape))
        if told.unreadable:
            self._complain(name, GarbledAnswer(f"what it tells of {', '.join(sorted(told.unreadable))}"))
        return told

    def _complain(self, name: str, error: Exception) -> str:
        """What was wrong; logged unless it was the last time as well."""
        why = error.detail if isinstance(error, OpentraderError) else repr(error)
        if self._complaints.get(name) != why:
            self._complaints[name] = why
            fault = None if isinstance(error, OpentraderError) else error
            logger.log(
                logging.ERROR if fault else logging.WARNING,
                "%s, %s: the answer cannot be read: %s",
                self.venue,
                name,
                why,
                exc_info=fault,
            )
        return f"the answer cannot be read: {why}"


async def _answer(call: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await call()
    except OpentraderError as error:
        shapes.refusal(error)
        raise


_orders: Shape[tuple[Order, ...]] = partial(shapes.each, shapes.order)

"""The line between the daemon and the venue: `Exchange` in front of the paper exchange, with the weather between.

A request is a timer of its own: once sent, it arrives although its sender has died.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import TypeVar

from opentrader.domain.trading.exchange import (
    Followed,
    GarbledAnswer,
    Hear,
    NewList,
    NewOrder,
    PriceTicker,
    Unreachable,
)
from opentrader.domain.trading.venue import Balance, Fill, Filters, Order, OrderList, Outcome, Refused, Unknown
from opentrader.errors import SymbolNotFound
from opentrader.exchange.calls import WEIGHTS
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.transport import (
    GARBLED,
    OK,
    TIMEOUT,
    InjectedFault,
    outcome_of_write,
    refusal_of_read,
)
from tests.simulation.clock import LoopClock
from tests.simulation.loop import VirtualLoop, outside
from tests.simulation.push import Push
from tests.simulation.weather import CallFault, Weather

T = TypeVar("T")

BAN_SECONDS = 120.0
PATIENCE = 50  # requests that the venue refuses within a minute before it bans
GONE = "ETHUSDT"  # the symbol that is delisted and listed again

GIVES_UP = 2.0  # seconds after which the client takes a request for lost
LATE = 6.0  # at most, after that
STALE_MS = 4_000  # at most
UNANSWERED: Outcome = Unknown(TIMEOUT)


class Wire:
    """`VenueCalls` of the paper exchange, over a line."""

    venue = "paper"

    def __init__(
        self, loop: VirtualLoop, clock: LoopClock, exchange: PaperExchange, weather: Weather, random: Random
    ) -> None:
        """`random`: of the stream."""
        self._loop, self._clock, self._exchange, self._weather = loop, clock, exchange, weather
        self._stale_ms = 0
        self._context = outside()
        exchange.transport._faults = self._faults
        self.calls: Counter[str] = Counter()
        self.under_way: Counter[str] = Counter()
        self.answered_at: dict[str | None, float] = {}  # symbol, None for all -> when orders were last read
        self.refusals = 0
        self.weight: Counter[int] = Counter()  # by the minute of arrival
        self.used = 0  # of it in this minute, as the last answer told
        self.on_sending: Callable[[NewOrder | NewList], object] = lambda order: None
        self._refused = 0  # since the limit was last kept
        self._banned_until = 0.0
        self._push = Push(loop, exchange, weather, random)

    # --- writes

    async def place(self, order: NewOrder) -> Outcome:
        self.on_sending(order)
        return await self._write("place", lambda: self._exchange.place(order))

    async def place_list(self, new: NewList) -> Outcome:
        self.on_sending(new)
        return await self._write("place_list", lambda: self._exchange.place_list(new))

    async def cancel(self, symbol: str, cid: str) -> Outcome:
        return await self._write("cancel", lambda: self._exchange.cancel(symbol, cid))

    async def cancel_list(self, symbol: str, cid: str) -> Outcome:
        return await self._write("cancel_list", lambda: self._exchange.cancel_list(symbol, cid))

    async def replace(self, cancel_cid: str, order: NewOrder) -> Outcome:
        self.on_sending(order)
        return await self._write("replace", lambda: self._exchange.replace(cancel_cid, order))

    # --- reads

    async def order(self, symbol: str, cid: str) -> Order:
        return await self._read("order", symbol, lambda: self._exchange.order(symbol, cid))

    async def order_list(self, symbol: str, cid: str) -> OrderList:
        return await self._read("order_list", symbol, lambda: self._exchange.order_list(symbol, cid))

    async def open_orders(self, symbol: str) -> tuple[Order, ...]:
        return await self._read("open_orders", symbol, lambda: self._exchange.open_orders(symbol))

    async def open_everywhere(self) -> Mapping[str, tuple[Order, ...]]:
        return await self._read("open_everywhere", None, self._exchange.open_everywhere)

    async def open_lists(self) -> tuple[OrderList, ...]:
        return await self._read("open_lists", None, self._exchange.open_lists)

    async def orders(self, symbol: str, since: int) -> tuple[Order, ...]:
        return await self._read("orders", symbol, lambda: self._exchange.orders(symbol, since))

    async def fills(self, symbol: str, since: int) -> tuple[Fill, ...]:
        return await self._read("fills", symbol, lambda: self._fills(symbol, since))

    async def _fills(self, symbol: str, since: int) -> tuple[Fill, ...]:
        late_ms = int(1000 * self._clock.speed * max(self._weather.now("fills"), default=0.0))
        return known_after(await self._exchange.fills(symbol, since), late_ms, self._clock.market_ms())

    async def balances(self) -> Mapping[str, Balance]:
        return await self._read("balances", None, self._exchange.balances)

    async def ticker(self, symbol: str) -> PriceTicker:
        return await self._read("ticker", symbol, lambda: self._exchange.ticker(symbol))

    async def prices(self, symbols: Collection[str]) -> Mapping[str, PriceTicker]:
        return await self._read("prices", None, lambda: self._exchange.prices(symbols))

    async def filters(self, symbol: str) -> Filters:
        return await self._read("filters", symbol, lambda: self._exchange.filters(symbol))

    async def server_time(self) -> int:
        return await self._read("server_time", None, self._exchange.server_time)

    @property
    def pushes(self) -> bool:
        return self._weather.climate.push is not None

    async def stream(self, hear: Hear, followed: Followed) -> None:
        if limited := self._limited("stream"):
            raise refusal_of_read(limited)
        await self._push.stream(hear, followed)

    # --- the line

    def seen_at(self, symbol: str, *, of_all: bool) -> float:
        """When the venue last told of the orders of a symbol, by themselves or among all of the account."""
        return max(self.answered_at.get(symbol, 0.0), self.answered_at.get(None, 0.0) if of_all else 0.0)

    def _limited(self, name: str) -> InjectedFault | None:
        """The refusal of a client who asks too much; counted as the venue counts, when a request arrives."""
        now, limit = self._loop.time(), self._weather.climate.weight
        minute = int(now // 60)
        if now < self._banned_until:
            return InjectedFault("banned", delay_ms=int((self._banned_until - now) * 1000))
        self.weight[minute] += WEIGHTS.get(name, 0)
        if self.weight[minute] <= limit:
            self._refused = 0
            return None
        self._refused += 1
        if self._refused > PATIENCE:
            self._banned_until = now + BAN_SECONDS
            self._weather.seen["ban"] += 1
        self._weather.seen["limit"] += 1
        return InjectedFault("rate-limited", delay_ms=int((60 - now % 60) * 1000))

    async def _write(self, name: str, request: Callable[[], Awaitable[Outcome]]) -> Outcome:
        fault = self._weather.fault()
        if fault == "lost" or self._weather.now("outage"):
            return await self._after(GIVES_UP, Unknown(TIMEOUT))
        outcome: Outcome | None = await self._carried(name, lambda: self._written(name, request), fault, UNANSWERED)
        assert outcome is not None
        self.refusals += isinstance(outcome, Refused)
        if fault == "garbled":
            return Unknown(GARBLED)
        if fault == "raises":
            raise GarbledAnswer(GARBLED)
        return self._weather.spoiled(outcome) if fault == "number" else outcome

    async def _written(self, name: str, request: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """What the venue does with a write that arrives."""
        if limited := self._limited(name):
            return outcome_of_write(limited)
        return await request()

    async def _read(self, name: str, symbol: str | None, request: Callable[[], Awaitable[T]]) -> T:
        fault = self._weather.fault()
        if fault in {"lost", "late"} or self._weather.now("outage"):
            raise await self._after(GIVES_UP, Unreachable(TIMEOUT))
        answer = await self._carried(name, lambda: self._told(name, symbol, request), fault, None)
        if answer is None:
            raise Unreachable(TIMEOUT)
        if fault == "garbled":
            raise GarbledAnswer(GARBLED)
        if name in {"order", "order_list", "open_orders", "orders", "open_everywhere"}:
            self.answered_at[symbol] = self._loop.time()
        return self._weather.spoiled(answer) if fault == "number" else answer

    async def _told(self, name: str, symbol: str | None, request: Callable[[], Awaitable[T]]) -> T:
        """What the venue answers to a read that arrives."""
        if limited := self._limited(name):
            raise refusal_of_read(limited)
        if symbol == GONE and self._weather.now("gone"):
            raise SymbolNotFound(f"{symbol} is not listed")
        return await request()

    async def _carried(
        self, name: str, request: Callable[[], Awaitable[T]], fault: CallFault | None, unanswered: T | None
    ) -> T | None:
        """The answer of the venue, or `unanswered` once the client has given up."""
        self.calls[name] += 1
        self.under_way[name] += 1
        reply: asyncio.Future[T | None] = self._loop.create_future()
        half = self._weather.latency() / 2
        there, back = (half + LATE * self._weather.draw(), None) if fault == "late" else (half, half)
        if fault in {"mute", "late", "hung"}:
            back = None
        stale = int(STALE_MS * self._clock.speed * self._weather.draw()) if fault == "stale" else 0
        self._loop.call_later(there, self._arrive, request, reply, back, stale, context=self._context)
        if back is None and fault != "hung":
            self._loop.call_later(GIVES_UP, _settle, reply, unanswered, context=self._context)
        try:
            return await reply
        finally:
            self.under_way[name] -= 1

    def _arrive(
        self, request: Callable[[], Awaitable[T]], reply: asyncio.Future[T | None], back: float | None, stale: int
    ) -> None:
        self._loop.create_task(self._served(request, reply, back, stale), context=self._context)

    async def _served(
        self, request: Callable[[], Awaitable[T]], reply: asyncio.Future[T | None], back: float | None, stale: int
    ) -> None:
        self._stale_ms = stale
        try:
            answer: T | Exception | None = await request()
        except Exception as error:  # noqa: BLE001 - the caller gets it, as over a line
            answer = error
        if back is not None:
            self._loop.call_later(back, self._answered, reply, answer, self._counted(), context=self._context)

    def _answered(self, reply: asyncio.Future[T | None], answer: T | Exception | None, used: int) -> None:
        """An answer comes back, with the weight that the venue has counted."""
        self.used = used
        _settle(reply, answer)

    def _counted(self) -> int:
        return self.weight[int(self._loop.time() // 60)]

    def _faults(self, method: str) -> InjectedFault:
        """What the paper exchange asks before it answers a call; it does so before it waits for anything."""
        stale, self._stale_ms = self._stale_ms, 0
        return InjectedFault("stale", delay_ms=stale) if stale else OK

    async def _after(self, seconds: float, value: T) -> T:
        await asyncio.sleep(seconds)
        return value


def known_after(fills: tuple[Fill, ...], late_ms: int, now_ms: int) -> tuple[Fill, ...]:
    """The fills that a list shows that is so late, without the rates that come later still."""
    shown = (fill for fill in fills if fill.at <= now_ms - late_ms)
    return tuple(fill if fill.at <= now_ms - 2 * late_ms else replace(fill, rate=Decimal(0)) for fill in shown)


def _settle(reply: asyncio.Future[T | None], answer: T | Exception | None) -> None:
    if reply.done():
        return
    if isinstance(answer, Exception):
        reply.set_exception(answer)
    else:
        reply.set_result(answer)

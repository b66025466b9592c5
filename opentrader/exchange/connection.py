"""The port `Exchange` over the single calls of a venue: deadlines, shared reads, parallel parts, and the governor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Hashable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from opentrader.domain.ports import Clock
from opentrader.domain.trading.exchange import (
    AccountView,
    Followed,
    Hear,
    NewList,
    NewOrder,
    OrderNotFound,
    PriceTicker,
    ReadRefused,
    Told,
    Unreachable,
    VenueState,
)
from opentrader.domain.trading.looks import VenueView, Watch
from opentrader.domain.trading.venue import ZERO, Balance, Filters, Order, OrderList, Outcome, Refused, Unknown
from opentrader.errors import ExchangeError, OpentraderError
from opentrader.exchange.calls import WEIGHTS, VenueCalls
from opentrader.exchange.checked import CheckedCalls
from opentrader.exchange.governor import Governor, Purpose
from opentrader.exchange.shared import SharedReads
from opentrader.exchange.stream import Stream

ANSWER_SECONDS = 10.0  # of real time; after that a write is of unknown outcome, and a read has failed
RULES_SECONDS = 3_600.0  # how long the rules of a symbol are taken from memory
CLOSED_SECONDS = 60.0  # the same of a symbol that takes no orders
OF_A_SYMBOL = frozenset({"ticker", "filters", "open_orders"})
NOTHING = Balance(ZERO, ZERO)
T = TypeVar("T")


class VenueConnection:
    """One account at one venue. `speed`: how many times faster than real time the clock runs."""

    def __init__(self, calls: VenueCalls, clock: Clock, *, governor: Governor, speed: float = 1.0) -> None:
        self.venue, self.governor = calls.venue, governor
        self._calls, self._clock, self._speed = CheckedCalls(calls), clock, max(1.0, speed)
        self._shared = SharedReads()
        self._rules: dict[str, Filters] = {}
        self._stream = Stream(self._streamed, clock.steady)
        self._reachable = True

    async def close(self) -> None:
        """Give up what is in flight."""
        await self._stream.close()
        await self._shared.close()

    def state(self) -> VenueState:
        governor = self.governor
        return VenueState(
            self._reachable,
            governor.pause,
            governor.used,
            governor.limit,
            pushes=self._calls.pushes,
            stream_lost_since=self._stream.lost_since,
        )

    # --- writes

    async def place(self, order: NewOrder) -> Outcome:
        return await self._write(order.symbol, lambda: self._calls.place(order))

    async def place_list(self, new: NewList) -> Outcome:
        return await self._write(new.symbol, lambda: self._calls.place_list(new))

    async def cancel(self, symbol: str, cid: str) -> Outcome:
        return await self._write(symbol, lambda: self._calls.cancel(symbol, cid))

    async def cancel_list(self, symbol: str, cid: str) -> Outcome:
        return await self._write(symbol, lambda: self._calls.cancel_list(symbol, cid))

    async def replace(self, cancel_cid: str, order: NewOrder) -> Outcome:
        return await self._write(order.symbol, lambda: self._calls.replace(cancel_cid, order))

    async def _write(self, symbol: str, call: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """The outcome; unknown when no answer comes in time. During a pause of the venue nothing is sent."""
        if pause := self.governor.pause:
            return Refused("held", text="the exchange has refused further requests", retry_after=int(pause * 1000) + 1)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                outcome = await call()
        except TimeoutError:
            outcome = Unknown(f"no answer within {ANSWER_SECONDS:.0f} s")
        finally:
            self._shared.wrote(symbol, None)
        self._reachable = not isinstance(outcome, Unknown)
        if isinstance(outcome, Refused) and outcome.reason == "closed":
            self._shared.wrote(("rules", symbol))
        if isinstance(outcome, Refused) and outcome.reason == "rate" and outcome.retry_after:
            self.governor.refused(outcome.retry_after)
        return outcome

    # --- reads

    async def look(self, watch: Watch) -> VenueView:
        """The view is as old as the oldest read that it shares with others: what happened since may be missing."""
        filters, now = await self.filters(watch.symbol), asyncio.get_running_loop().time()
        at, oldest = self._clock.market_ms(), [now]
        reads = {cid: self._read(*self._order_call(watch, cid)) for cid in (*watch.orders, *watch.lists)}
        reads |= {part: self._part(part, watch, filters.base, oldest) for part in sorted(watch.parts)}
        answers = dict(zip(reads, await asyncio.gather(*reads.values(), return_exceptions=True), strict=True))
        return view_of(filters, watch, answers, at - round((now - min(oldest)) * 1000 * self._speed))

    def _order_call(self, watch: Watch, cid: str) -> tuple[str, Callable[[], Coroutine[Any, Any, Any]], Purpose]:
        if cid in watch.orders:
            return "order", partial(self._calls.order, watch.symbol, cid), purpose(watch)
        return "order_list", partial(self._calls.order_list, watch.symbol, cid), purpose(watch)

    def _part(self, part: str, watch: Watch, base: str, asked: list[float]) -> Coroutine[Any, Any, Any]:
        """`asked` is added when a shared read of the state was asked for."""
        symbol, since, age, why = watch.symbol, watch.since, watch.max_age, purpose(watch)
        match part:
            case "price":
                return self.ticker(symbol, age, why)
            case "balance":
                return _timed(partial(self._balance, base, age, why), asked)
            case "open_orders":
                return _timed(partial(self._open_orders, symbol, age, why), asked)
            case "history":
                return self._read("orders", partial(self._calls.orders, symbol, since), why)
            case _:
                return self._read("fills", partial(self._calls.fills, symbol, since), why)

    async def account(self, max_age: int = 0) -> AccountView:
        told, asked_at = await self._share("balances", None, self._calls.balances, max_age)
        age = (asyncio.get_running_loop().time() - asked_at) * 1000 * self._speed
        return AccountView(told.known, self._clock.market_ms() - round(age), told.unreadable)

    async def _balance(self, asset: str, max_age: int, why: Purpose) -> tuple[Balance, float]:
        told, asked_at = await self._share("balances", None, self._calls.balances, max_age, why)
        return told.of(asset, NOTHING), asked_at

    async def open_everywhere(self, max_age: int = 0) -> Told[tuple[Order, ...]]:
        return (await self._share("open_everywhere", None, self._calls.open_everywhere, max_age))[0]

    async def open_lists(self) -> tuple[OrderList, ...]:
        return await self._read("open_lists", self._calls.open_lists)

    async def ticker(self, symbol: str, max_age: int = 0, why: Purpose = "state") -> PriceTicker:
        return (await self._share("ticker", symbol, partial(self._calls.ticker, symbol), max_age, why))[0]

    async def prices(self, symbols: Collection[str], max_age: int = 0) -> Mapping[str, PriceTicker]:
        if not symbols:
            return {}
        return (await self._read("prices", partial(self._calls.prices, tuple(sorted(symbols))))).known

    async def filters(self, symbol: str) -> Filters:
        """Old rules are read again; if that fails, they go on to count. A refused order makes those of a market old."""
        known = self._rules.get(symbol)
        seconds = RULES_SECONDS if known is None or known.trades else CLOSED_SECONDS
        call, age = partial(self._calls.filters, symbol), int(seconds * 1000 * self._speed)
        try:
            self._rules[symbol] = (await self._share("filters", ("rules", symbol), call, age))[0]
        except ExchangeError:
            if symbol not in self._rules:
                raise
        return self._rules[symbol]

    async def _open_orders(self, symbol: str, max_age: int, why: Purpose) -> tuple[tuple[Order, ...], float]:
        """From a read of the whole account, if one is fresh enough for this symbol and can be read of it."""
        call = self._calls.open_everywhere
        if self._shared.has("open_everywhere", symbol, max_age=self._seconds(max_age)):
            told, asked_at = await self._share("open_everywhere", symbol, call, max_age, why)
            if symbol not in told.unreadable:
                return told.of(symbol, ()), asked_at
        return await self._share("open_orders", symbol, partial(self._calls.open_orders, symbol), max_age, why)

    async def _share(
        self,
        name: str,
        concern: Hashable,
        call: Callable[[], Coroutine[Any, Any, T]],
        max_age: int,
        why: Purpose = "state",
    ) -> tuple[T, float]:
        """The answer, and when it was asked for, in seconds of the loop."""
        key = (name, concern) if name in OF_A_SYMBOL else name
        return await self._shared.get(
            key, concern, partial(self._read, name, call, why), max_age=self._seconds(max_age)
        )

    async def _read(self, name: str, call: Callable[[], Coroutine[Any, Any, T]], why: Purpose = "state") -> T:
        """Raises `Unreachable` when no answer comes in time, `ReadRefused` when the governor holds it back."""
        with self.governor.sending(WEIGHTS[name], why):
            answer = await self._answer(call)
        self.governor.calibrate(self._calls.used)
        return answer

    async def _answer(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await call()
        except TimeoutError:
            self._reachable = False
            raise Unreachable(f"no answer within {ANSWER_SECONDS:.0f} s", hint="it is asked again soon") from None
        except OpentraderError as error:
            self._reachable = not isinstance(error, Unreachable)
            if isinstance(error, ReadRefused) and error.retry_after:
                self.governor.refused(error.retry_after)
            raise
        self._reachable = True
        return answer

    # --- push

    async def stream(self, hear: Hear, followed: Followed) -> None:
        if self._calls.pushes:
            await self._stream.begin(hear, followed)

    async def _streamed(self, hear: Hear, followed: Followed) -> None:
        """What it weighs counts for as long as it is open: it is never answered."""
        with self.governor.sending(WEIGHTS["stream"], "state"):
            await self._calls.stream(hear, followed)

    def _seconds(self, market_ms: int) -> float:
        return market_ms / 1000 / self._speed


async def _timed(read: Callable[[], Coroutine[Any, Any, tuple[T, float]]], asked: list[float]) -> T:
    answer, asked_at = await read()
    asked.append(asked_at)
    return answer


def purpose(watch: Watch) -> Purpose:
    return "protection" if watch.urgent else "state"


def view_of(filters: Filters, watch: Watch, answers: Mapping[str, Any], at: int) -> VenueView:
    """The answers as one view. Raises what is no answer of the venue: a fault of ours."""
    faults = (x for x in answers.values() if isinstance(x, BaseException) and not isinstance(x, OpentraderError))
    if fault := next(faults, None):
        raise fault
    read = {name: answer for name, answer in answers.items() if not isinstance(answer, BaseException)}
    missing = frozenset(name for name, answer in answers.items() if isinstance(answer, OrderNotFound))
    ticker: PriceTicker | None = read.get("price")
    return VenueView(
        filters=filters,
        at=at,
        last=None if ticker is None else ticker.last,
        balance=read.get("balance"),
        open_orders=read.get("open_orders"),
        history=read.get("history"),
        fills=read.get("fills"),
        found=MappingProxyType({cid: read[cid] for cid in (*watch.orders, *watch.lists) if cid in read}),
        missing=missing,
        failed=frozenset(answers.keys() - read.keys() - missing),
    )

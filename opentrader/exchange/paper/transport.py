"""The transport between the exchange and its client, with a script of faults and a gate.

A fault happens on the way, not in the ledger: a `lost` request never reached the venue; an `applied-no-reply` request
was executed, but its response was lost.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from opentrader.domain.trading.exchange import GarbledAnswer, OrderNotFound, ReadRefused, Unreachable
from opentrader.domain.trading.venue import Accepted, Outcome, Refused, Unknown
from opentrader.exchange.paper.wire import Wire, WireTerms
from opentrader.exchange.refusals import DUPLICATE, UNKNOWN_LIST, UNKNOWN_ORDER, outcome_of

FaultKind = Literal[
    "ok",
    "refuse",  # the venue refuses with `code`, `text`; nothing changed
    "lost",  # the request never arrived; the client sees a timeout
    "applied-no-reply",  # the request was executed; the client sees a timeout
    "applied-late",  # the request arrives `delay_ms` of market time later; the client has already seen a timeout
    "duplicate-reply",  # the request was executed, then resent by the transport; the answer is that of the second
    "slow",  # the answer takes `delay_ms`
    "garbage",  # the request was executed; the answer is unreadable
    "rate-limited",  # HTTP 429, `delay_ms` is Retry-After
    "banned",  # HTTP 418, `delay_ms` is Retry-After
    "maintenance",  # the venue is closed
    "stale",  # a read returns the state of `delay_ms` ago
]
WRITES = frozenset({"place", "place_list", "cancel", "cancel_list", "replace"})
READS = frozenset(
    {
        "order",
        "order_list",
        "open_orders",
        "open_everywhere",
        "open_lists",
        "orders",
        "fills",
        "balances",
        "ticker",
        "prices",
        "filters",
        "server_time",
    }
)

LOST_SECONDS = 10.0  # after which a client gives a request up
TIMEOUT = "no answer within the time limit"
GARBLED = "the answer cannot be read"
_SAID: dict[FaultKind, tuple[int, str]] = {
    "rate-limited": (-1003, "Too many requests queued."),
    "banned": (-1003, "Way too much request weight used; IP banned."),
    "maintenance": (-1016, "This service is no longer available."),
}
_SECOND_ANSWERS = {"cancel": (-2011, UNKNOWN_ORDER), "cancel_list": (-2011, UNKNOWN_LIST)}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """A fault of the `at`-th call of `on` (a method, `writes`, `reads` or `all`) and of the `times` - 1 after it."""

    kind: FaultKind
    on: str = "all"
    at: int = 1
    times: int = 1
    delay_ms: int = 0
    code: int = -2010
    text: str = "NEW_ORDER_REJECTED"

    def meets(self, method: str, numbers: Counter[str]) -> bool:
        return self.on in kinds(method) and self.at <= numbers[self.on] < self.at + self.times


OK = InjectedFault("ok")
Faults = Callable[[str], InjectedFault]
"""Returns the fault of a call, by method name. Called once per call."""


def kinds(method: str) -> set[str]:
    """The names by which a script can refer to a method."""
    return {method, "writes" if method in WRITES else "reads", "all"}


class Script:
    """A list of faults; the first one that matches a call applies."""

    def __init__(self, faults: Iterable[InjectedFault] = ()) -> None:
        self._faults = tuple(faults)
        self._numbers: Counter[str] = Counter()

    def __call__(self, method: str) -> InjectedFault:
        self._numbers.update(kinds(method))
        return next((fault for fault in self._faults if fault.meets(method, self._numbers)), OK)


Apply = Callable[[int], Awaitable[Outcome]]
"""Executes a request at its instant of arrival."""


class Transport:
    """Carries calls over the wire to the venue, and the answers back. While `gate` is cleared, calls do not leave.

    `speed`: how many times faster than real time `now` runs.
    """

    def __init__(self, faults: Faults, now: Callable[[], int], wire: Wire | None = None, speed: float = 1.0) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.wire = wire or Wire(WireTerms())
        self._faults, self._now, self._speed = faults, now, speed
        self._on_the_way: list[tuple[int, int, Apply]] = []
        self._sent = 0

    async def write(self, method: str, apply: Apply) -> Outcome:
        """The outcome that the client sees."""
        await self.gate.wait()
        fault = self._faults(method)
        if fault.kind in {"refuse", *_SAID}:
            return outcome_of_write(fault)
        if fault.kind == "lost":
            return Unknown(TIMEOUT)
        if fault.kind == "applied-late":
            self._send_late(fault, apply)
            return Unknown(TIMEOUT)
        wire = self.wire
        if not await wire.there():
            return await self._unanswered()
        await self.arrivals(self._now())
        outcome = await self._answered(method, fault, await apply(self._now()))
        return outcome if await wire.back() else await self._unanswered()

    async def _unanswered(self) -> Outcome:
        await asyncio.sleep(LOST_SECONDS)
        return Unknown(TIMEOUT)

    async def read(self, method: str, answer: Callable[[int, int | None], Awaitable[T]]) -> T:
        """The answer that the client sees. `answer` gets the instant of the call and, if stale, of the state."""
        await self.gate.wait()
        fault = self._faults(method)
        if fault.kind in {"refuse", *_SAID}:
            raise refusal_of_read(fault)
        if fault.kind in {"lost", "applied-no-reply", "applied-late"}:
            raise Unreachable(TIMEOUT)
        if fault.kind == "garbage":
            raise GarbledAnswer(GARBLED)
        wire = self.wire
        arrived = await wire.there()
        wire.charge(method)
        now_ms = self._now()
        await self.arrivals(now_ms)
        lag = fault.delay_ms if fault.kind == "stale" else int(wire.lag() * self._speed)
        answered = await answer(now_ms, now_ms - lag if lag else None)
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay_ms / 1000)
        if not (await wire.back() and arrived):
            await asyncio.sleep(LOST_SECONDS)
            raise Unreachable(TIMEOUT)
        return answered

    async def arrivals(self, now_ms: int) -> None:
        """Deliver the late requests that are due, each at its own instant."""
        due = sorted((one for one in self._on_the_way if one[0] <= now_ms), key=lambda one: one[:2])
        self._on_the_way = [one for one in self._on_the_way if one[0] > now_ms]
        for at, _, apply in due:
            await apply(at)

    def _send_late(self, fault: InjectedFault, apply: Apply) -> None:
        self._sent += 1
        self._on_the_way.append((self._now() + fault.delay_ms, self._sent, apply))

    async def _answered(self, method: str, fault: InjectedFault, outcome: Outcome) -> Outcome:
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault.kind == "applied-no-reply":
            return Unknown(TIMEOUT)
        if fault.kind == "garbage":
            return Unknown(GARBLED)
        if fault.kind == "duplicate-reply" and isinstance(outcome, Accepted):
            return outcome_of(*_SECOND_ANSWERS.get(method, (-2010, DUPLICATE)))
        return outcome


def _said(fault: InjectedFault) -> tuple[int, str, int]:
    """Code, text, Retry-After."""
    code, text = _SAID.get(fault.kind, (fault.code, fault.text))
    return code, text, fault.delay_ms


def outcome_of_write(fault: InjectedFault) -> Refused | Unknown:
    return outcome_of(*_said(fault))


def refusal_of_read(fault: InjectedFault) -> ReadRefused | OrderNotFound:
    code, text, retry_after = _said(fault)
    if code in {-2013, -2018}:
        return OrderNotFound(text, venue_code=code)
    return ReadRefused(text, venue_code=code, retry_after=retry_after)

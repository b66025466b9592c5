"""The wire to the paper exchange: how far away it is, what gets lost, how old a read is, how much may be asked.

By default it is at hand and perfect. `parse_wire` reads the setting that puts it as far away as a real venue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from random import Random
from typing import Any

from opentrader.domain.trading.exchange import ReadRefused
from opentrader.errors import ConfigError
from opentrader.exchange.calls import WEIGHTS

WINDOW = 60.0  # seconds in which the venue counts request weight


@dataclass(frozen=True, slots=True)
class WireTerms:
    """`latency_ms`: of a whole call, half of it before the venue executes it. `loss`: the share of calls that get lost,
    half of them before they arrive. `lag_ms`: the age of the oldest read, and of the latest event of the stream.
    `weight`: request weight a minute; 0: all. `push`: whether there is a stream; `loss` is its chance to break in a
    second.
    """

    latency_ms: float = 0.0
    loss: float = 0.0
    lag_ms: int = 0
    weight: int = 0
    push: bool = True


def parse_wire(text: str) -> WireTerms:
    """`latency_ms=300,push=off` and so on. Raises `ConfigError` for a name or a value that is none."""
    known = {field.name: _READ[str(field.type)] for field in fields(WireTerms)}
    terms: dict[str, Any] = {}
    for item in filter(None, text.split(",")):
        name, _, value = item.partition("=")
        try:
            terms[name] = known[name](value)
        except (KeyError, ValueError):
            hint = "use latency_ms, loss, lag_ms and weight with a number, push with on or off: latency_ms=300,push=off"
            raise ConfigError(f"paper_wire: {item!r} is not a property of the wire", hint=hint) from None
    if any(value < 0 for value in terms.values()) or terms.get("loss", 0) > 1:
        raise ConfigError(f"paper_wire: {text!r} has a number below 0, or a loss above 1")
    return WireTerms(**terms)


_READ: Mapping[str, Callable[[str], Any]] = {"float": float, "int": int, "bool": {"on": True, "off": False}.__getitem__}


class Wire:
    """One wire; `used` is the weight of this minute, as the venue counts it."""

    def __init__(self, terms: WireTerms, random: Random | None = None) -> None:
        self.terms = terms
        self._random = random or Random()  # noqa: S311 - what gets lost is no secret
        self._minute, self.used = 0, 0

    async def there(self) -> bool:
        """The way of a request to the venue; False if it gets lost."""
        if self.terms.latency_ms:
            await asyncio.sleep(self.terms.latency_ms / 2000)
        return self._random.random() >= self.terms.loss / 2

    async def back(self) -> bool:
        """The way of an answer back; False if it gets lost."""
        if self.terms.latency_ms:
            await asyncio.sleep(self.terms.latency_ms / 2000)
        return self._random.random() >= self.terms.loss / 2

    def lag(self) -> int:
        """How many milliseconds of real time the state of the next read lies behind."""
        return int(self._random.random() * self.terms.lag_ms)

    def later(self, tell: Callable[[], object]) -> None:
        """Call this when an event of the stream that leaves the venue now has come."""
        seconds = (self.terms.latency_ms / 2 + self.lag()) / 1000
        asyncio.get_running_loop().call_later(seconds, tell)

    def breaks(self) -> bool:
        """Whether the stream breaks in this second."""
        return self._random.random() < self.terms.loss

    def charge(self, method: str) -> None:
        """Count a request. Raises `ReadRefused` beyond the limit."""
        now = asyncio.get_running_loop().time()
        if int(now // WINDOW) != self._minute:
            self._minute, self.used = int(now // WINDOW), 0
        self.used += WEIGHTS.get(method, 0)
        if 0 < self.terms.weight < self.used:
            rest = int((WINDOW - now % WINDOW) * 1000)
            raise ReadRefused("Too much request weight used.", venue_code=-1003, retry_after=rest)

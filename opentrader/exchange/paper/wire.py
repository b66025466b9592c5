"""The wire to the paper exchange: how far away it is, what gets lost, how old a read is, how much may be asked.

By default it is at hand and perfect. `parse_wire` reads the setting that puts it as far away as a real venue.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields
from random import Random

from opentrader.domain.trading.exchange import ReadRefused
from opentrader.errors import ConfigError
from opentrader.exchange.calls import WEIGHTS

WINDOW = 60.0  # seconds in which the venue counts request weight


@dataclass(frozen=True, slots=True)
class WireTerms:
    """`latency_ms`: of a whole call, half of it before the venue executes it. `loss`: the share of calls that get lost,
    half of them before they arrive. `lag_ms`: the age of the oldest read. `weight`: request weight a minute; 0: all.
    """

    latency_ms: float = 0.0
    loss: float = 0.0
    lag_ms: int = 0
    weight: int = 0


def parse_wire(text: str) -> WireTerms:
    """`latency_ms=300,loss=0.02` and so on. Raises `ConfigError` for a name or a number that is none."""
    known = {field.name: float if field.name in {"latency_ms", "loss"} else int for field in fields(WireTerms)}
    terms: dict[str, float] = {}
    for item in filter(None, text.split(",")):
        name, _, value = item.partition("=")
        if (name, value) == ("push", "off"):
            continue  # the paper exchange never pushes
        try:
            terms[name] = known[name](value)
        except (KeyError, ValueError):
            hint = f"use {', '.join(known)} with a number each, as in latency_ms=300,loss=0.02"
            raise ConfigError(f"paper_wire: {item!r} is not a property of the wire", hint=hint) from None
    if any(value < 0 for value in terms.values()) or terms.get("loss", 0) > 1:
        raise ConfigError(f"paper_wire: {text!r} has a number below 0, or a loss above 1")
    return WireTerms(**terms)  # type: ignore[arg-type]  # each number has the type of its field


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

    def charge(self, method: str) -> None:
        """Count a request. Raises `ReadRefused` beyond the limit."""
        now = asyncio.get_running_loop().time()
        if int(now // WINDOW) != self._minute:
            self._minute, self.used = int(now // WINDOW), 0
        self.used += WEIGHTS.get(method, 0)
        if 0 < self.terms.weight < self.used:
            rest = int((WINDOW - now % WINDOW) * 1000)
            raise ReadRefused("Too much request weight used.", venue_code=-1003, retry_after=rest)

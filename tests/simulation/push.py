"""The stream of the venue behind the weather: it breaks, falls silent, keeps things to itself, and repeats old ones."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from opentrader.domain.trading.exchange import Followed, Hear, StreamAlive, Unreachable, VenueEvent
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.transport import TIMEOUT
from tests.simulation.loop import VirtualLoop, outside
from tests.simulation.weather import Streaming, Weather

OLD_EVENTS = 200  # of which any may be repeated


class Push:
    """One client at a time; the venue goes on to talk to him until the next one comes."""

    def __init__(self, loop: VirtualLoop, exchange: PaperExchange, weather: Weather, random: Random) -> None:
        self._loop, self._exchange, self._weather, self._random = loop, exchange, weather, random
        self._context = outside()
        self._open: asyncio.Task[None] | None = None
        self._old: deque[VenueEvent] = deque(maxlen=OLD_EVENTS)

    async def stream(self, hear: Hear, followed: Followed) -> None:
        """Until it breaks, or the client hangs up."""
        terms = self._weather.climate.push
        assert terms is not None, "it is not asked for a stream that it does not have"
        if self._weather.now("outage"):
            raise Unreachable(TIMEOUT)
        if self._open is not None:
            self._open.cancel()
        broken: asyncio.Future[None] = self._loop.create_future()
        talking = self._exchange.stream(partial(self._told, terms, hear, broken), followed)
        self._open = self._loop.create_task(talking, context=self._context)
        await broken

    def _told(self, terms: Streaming, hear: Hear, broken: asyncio.Future[None], event: VenueEvent) -> None:
        """An event leaves the venue."""
        if self._random.random() < terms.breaks:
            self._weather.seen["break"] += 1
            self._later(terms, _break, broken)
        if self._weather.now("outage") or (self._weather.now("mute") and not isinstance(event, StreamAlive)):
            return
        self._old.append(event)
        garbage = self._random.random() < self._weather.climate.chances.get("number", 0.0)
        self._later(terms, hear, self._weather.spoiled(event) if garbage else event)
        if self._random.random() < terms.repeats:
            self._weather.seen["repeat"] += 1
            self._later(terms, hear, self._random.choice(self._old))

    def _later(self, terms: Streaming, call: Callable[[Any], object], given: object) -> None:
        late = self._weather.climate.latency / 2 + terms.late * self._random.random()
        self._loop.call_later(late, call, given, context=self._context)


def _break(broken: asyncio.Future[None]) -> None:
    if not broken.done():
        broken.set_exception(Unreachable("the stream broke"))

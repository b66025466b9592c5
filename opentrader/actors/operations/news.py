"""Owns the news: the last copy of each feed, read again on request when it is old."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from opentrader.actors.messages import News, NewsOf, SourceHealth
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.news import FeedCopy, FeedFault, NewsItem, newest_first
from opentrader.domain.time_limits import NEWS_SECONDS


class NewsFeeds(Protocol):
    """The source of news."""

    names: tuple[str, ...]

    async def read(self, name: str, known: FeedCopy | None) -> FeedCopy | FeedFault:
        """The current feed, or `known` itself when it has not changed. Bounded in time and size."""
        ...


@dataclass(frozen=True, slots=True)
class FeedRead(Message[None]):
    name: str
    outcome: Outcome[FeedCopy | FeedFault]


@dataclass(frozen=True, slots=True)
class NewsAwaited(Message[News]):
    limit: int
    outcome: Outcome[None]


class NewsCache(Actor):
    """Reads all feeds in one round when the last round is older than `ttl_seconds`.

    Requests during a round wait for it, at most `patience_seconds`, and then get the items known so far: a feed that
    failed is reported, and the items of its last copy stay. When no feed answered, the network is probably down, and
    the next round may start after `retry_seconds`.
    """

    def __init__(
        self,
        context: Context,
        feeds: NewsFeeds,
        *,
        ttl_seconds: int = 300,
        retry_seconds: int = 30,
        patience_seconds: float = NEWS_SECONDS,
    ) -> None:
        super().__init__(context)
        self._feeds = feeds
        self._ttl_seconds, self._retry_seconds = ttl_seconds, retry_seconds
        self._patience_seconds = patience_seconds
        self._copies: dict[str, FeedCopy] = {}
        self._faults: dict[str, str] = dict.fromkeys(feeds.names, "not read yet")
        self._items: tuple[NewsItem, ...] = ()
        self._reading: dict[str, Reply[None]] = {}
        self._round_at: float | None = None  # steady time at which the last round ended

    @handles(NewsOf)
    def news(self, message: NewsOf) -> News | Reply[News]:
        if self._fresh():
            return self._reply(message.limit, cached=True)
        if not self._reading:
            self._reading = {name: self._read(name) for name in self._feeds.names}
        under_way = tuple(self._reading.values())
        wait = be_patient(under_way, self._patience_seconds)
        return self.pipe(wait, then=partial(NewsAwaited, message.limit))

    @handles(FeedRead)
    def read(self, message: FeedRead) -> None:
        del self._reading[message.name]
        match message.outcome:
            case Done(FeedCopy() as copy):
                self._copies[message.name] = copy
                self._faults.pop(message.name, None)
                self._items = newest_first(self._copies[n].items for n in self._feeds.names if n in self._copies)
            case Done(FeedFault(reason)):
                self._faults[message.name] = reason
            case _:
                self._faults[message.name] = "could not be read"
        if not self._reading:
            self._round_at = self.context.clock.steady()

    @handles(NewsAwaited)
    def awaited(self, message: NewsAwaited) -> News:
        message.outcome.unwrap()
        return self._reply(message.limit, cached=bool(self._reading))

    def _read(self, name: str) -> Reply[None]:
        return self.pipe(self._feeds.read(name, self._copies.get(name)), then=partial(FeedRead, name))

    def _fresh(self) -> bool:
        if self._round_at is None:
            return False
        answered = len(self._faults) < len(self._feeds.names)
        good_for = self._ttl_seconds if answered else self._retry_seconds
        return self.context.clock.steady() - self._round_at < good_for

    def _reply(self, limit: int, *, cached: bool) -> News:
        news = self._items[:limit]
        age = 0 if self._round_at is None else int(self.context.clock.steady() - self._round_at)
        return News(
            news=news,
            count=len(news),
            cached=cached,
            age_sec=age,
            ttl_sec=self._ttl_seconds,
            sources=tuple(map(self._health, self._feeds.names)),
        )

    def _health(self, name: str) -> SourceHealth:
        fault = self._faults.get(name)
        return SourceHealth(
            name=name, ok=fault is None, count=len(self._copies.get(name, FeedCopy()).items), error=fault
        )


async def be_patient(under_way: tuple[Reply[None], ...], seconds: float) -> None:
    """Wait for the feeds that are being read, but no longer than this in all."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for feed in under_way:
                await feed

"""The news desk: one round of reading for all who ask, and an answer whatever the feeds do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opentrader.actors.messages import (
    NewsOf,
    SourceHealth,
)
from opentrader.actors.operations.news import NewsCache, NewsFeeds
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.domain.news import FeedCopy, FeedFault, NewsItem, newest_first
from opentrader.errors import AskTimeout
from opentrader.news import FeedReader, NewsFeed
from tests.fakes.clock import CountedIds, StillClock


class Feeds(NewsFeeds):
    """Feeds that say what a test sets; those with a gate wait for it."""

    def __init__(self) -> None:
        self.names = ("a", "b")
        self.says: dict[str, FeedCopy | FeedFault | Exception] = {"a": copy("a", 1), "b": copy("b", 2)}
        self.gates: dict[str, asyncio.Event] = {}
        self.asked: Counter[str] = Counter()
        self.begun = asyncio.Event()
        self.known: dict[str, FeedCopy | None] = {}

    async def read(self, name: str, known: FeedCopy | None) -> FeedCopy | FeedFault:
        self.asked[name] += 1
        self.begun.set()
        self.known[name] = known
        if name in self.gates:
            await self.gates[name].wait()
        said = self.says[name]
        if isinstance(said, Exception):
            raise said
        return said


def item(source: str, published: int | None, link: str | None = None) -> NewsItem:
    link = f"https://{source}/{published}" if link is None else link
    return NewsItem(f"{source} {published}", link, source, published, "")


def copy(source: str, *published: int | None) -> FeedCopy:
    return FeedCopy(tuple(item(source, at) for at in published), etag=f"{source}{published}")


class Desk:
    def __init__(self) -> None:
        self.feeds = Feeds()
        self.clock = StillClock()
        self.fatal: list[str] = []
        self.patience = 60.0

    async def start(self, feeds: Any = None) -> None:
        loop = asyncio.get_running_loop()
        self.supervisor = Supervisor(loop, self.clock, CountedIds(), on_fatal=self.fatal.append)
        self.supervisor.add("news_desk", lambda c: NewsCache(c, feeds or self.feeds, patience_seconds=self.patience))
        await self.supervisor.start()

    async def news(self, limit: int = 50):
        return await self.supervisor.ask(NewsOf(limit), timeout=60)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    await desk.start()
    yield desk
    await desk.supervisor.stop()


async def impatient(desk: Desk) -> None:
    """From here on nobody waits for a feed."""
    await desk.supervisor.stop()
    desk.patience = 0.0
    await desk.start()


def healthy(name: str, items: int = 1) -> SourceHealth:
    return SourceHealth(name, True, items, None)


async def test_the_feeds_are_read_once_and_then_told_from_the_cache(desk):
    told = await desk.news()
    assert [i.title for i in told.news] == ["b 2", "a 1"]
    assert (told.count, told.cached, told.age_sec, told.ttl_sec) == (2, False, 0, 300)
    assert told.sources == (healthy("a"), healthy("b"))
    desk.clock.now += 299
    again = await desk.news()
    assert (again.news, again.cached, again.age_sec) == (told.news, True, 299)
    assert desk.feeds.asked == {"a": 1, "b": 1}


async def test_the_limit_takes_the_newest(desk):
    told = await desk.news(limit=1)
    assert ([i.title for i in told.news], told.count) == (["b 2"], 1)


async def test_old_news_is_read_again_with_the_last_copy_at_hand(desk):
    await desk.news()
    before, desk.feeds.says["a"] = desk.feeds.says["a"], copy("a", 1, 3)
    desk.clock.now += 300
    told = await desk.news()
    assert ([i.title for i in told.news], told.cached, told.age_sec) == (["a 3", "b 2", "a 1"], False, 0)
    assert desk.feeds.known["a"] == before


async def test_all_who_ask_meanwhile_wait_for_one_round(desk):
    gate = desk.feeds.gates["a"] = asyncio.Event()
    asking = [asyncio.create_task(desk.news()) for _ in range(20)]
    await desk.feeds.begun.wait()
    asking += [asyncio.create_task(desk.news()) for _ in range(20)]
    gate.set()
    assert {told.news for told in await asyncio.gather(*asking)} == {(item("b", 2), item("a", 1))}
    assert desk.feeds.asked == {"a": 1, "b": 1}


async def test_a_dead_feed_is_named_and_its_last_items_stay(desk):
    await desk.news()
    desk.feeds.says["a"] = FeedFault("answered with HTTP status 503")
    desk.clock.now += 300
    told = await desk.news()
    assert [i.title for i in told.news] == ["b 2", "a 1"]
    assert told.sources == (SourceHealth("a", False, 1, "answered with HTTP status 503"), healthy("b"))
    desk.feeds.says["a"] = copy("a", 4)
    desk.clock.now += 300
    assert (await desk.news()).sources == (healthy("a"), healthy("b"))


async def test_a_fault_of_the_reader_is_one_feeds_fault(desk):
    desk.feeds.says["a"] = ZeroDivisionError("a bug")
    told = await desk.news()
    assert told.sources == (SourceHealth("a", False, 0, "could not be read"), healthy("b"))
    assert not desk.fatal


async def test_without_a_network_every_feed_is_named_and_the_next_round_comes_sooner(desk):
    desk.feeds.says = dict.fromkeys("ab", FeedFault("its name could not be resolved"))
    told = await desk.news()
    assert (told.news, told.count, told.cached) == ((), 0, False)
    assert [(s.ok, s.error) for s in told.sources] == [(False, "its name could not be resolved")] * 2
    desk.clock.now += 29
    assert (await desk.news()).cached
    desk.feeds.says = {"a": copy("a", 1), "b": copy("b", 2)}
    desk.clock.now += 1
    assert (await desk.news()).count == 2


async def test_patience_ends_before_the_feeds_do_and_what_came_is_told(desk):
    await impatient(desk)
    gate = desk.feeds.gates["b"] = asyncio.Event()
    told = await desk.news()
    assert told.cached
    assert told.sources[1] == SourceHealth("b", False, 0, "not read yet")
    while (told := await desk.news()).sources[0] != healthy("a"):
        pass
    assert [i.title for i in told.news] == ["a 1"]
    gate.set()
    while not (told := await desk.news()).sources[1].ok:
        pass
    assert [i.title for i in told.news] == ["b 2", "a 1"]
    assert desk.feeds.asked == {"a": 1, "b": 1}


async def test_a_clock_that_was_set_back_does_not_freeze_the_news(desk):
    await desk.news()
    desk.clock.set_back = 365 * 86_400
    desk.clock.now += 10
    told = await desk.news()
    assert (told.cached, told.age_sec) == (True, 10)
    desk.clock.now += 300
    assert not (await desk.news()).cached
    assert desk.feeds.asked["a"] == 2


async def test_who_waits_when_the_desk_closes_is_told_so(desk):
    desk.feeds.gates["a"] = asyncio.Event()
    asking = asyncio.create_task(desk.news())
    await desk.feeds.begun.wait()
    await desk.supervisor.stop()
    with pytest.raises(AskTimeout):
        await asking


async def test_the_desk_reads_real_feeds(wire):
    wire.hold("/slow")
    paths = ("/rss", "/atom", "/nothing", "/slow")
    desk = Desk()
    await desk.start(FeedReader([NewsFeed(path, wire.url(path)) for path in paths], timeout_seconds=2))
    told = await desk.news()
    await desk.supervisor.stop()
    assert [i.title for i in told.news] == ["Bitcoin holds range", "Größe & Zahl", "Older", "Undated"]
    assert told.sources == (
        healthy("/rss", 3),
        healthy("/atom", 1),
        SourceHealth("/nothing", False, 0, "answered with HTTP status 404"),
        SourceHealth("/slow", False, 0, "no answer within 2 s"),
    )


def test_a_link_is_told_once_as_the_first_feed_has_it():
    a, b, undated = item("a", 1, "https://x/1"), item("b", 9, "https://x/1"), item("b", None, "")
    assert newest_first([[a], [b, undated, undated, item("b", 2)]]) == (item("b", 2), a, undated)

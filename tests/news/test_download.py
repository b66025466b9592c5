"""Downloads: bounded in size and time, whatever the server does."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from opentrader.domain.news import FeedFault
from opentrader.news import FeedReader, NewsFeed
from opentrader.news.download import MAX_BYTES
from tests.news.reading import TOLD, read, reader


async def test_a_feed_that_has_not_changed_is_not_sent_again(wire):
    async def handler(request: web.Request) -> web.StreamResponse:
        asked = (request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since"))
        if asked == ('"v1"', "Sat, 27 Apr 2024 12:00:00 GMT"):
            return web.Response(status=304)
        assert asked == (None, None)
        told = {"ETag": '"v1"', "Last-Modified": "Sat, 27 Apr 2024 12:00:00 GMT"}
        return web.Response(body=TOLD.encode(), headers=told)

    wire.handlers["/news"] = handler
    feeds = reader(wire, "/news")
    copy = await feeds.read("/news", None)
    assert [item.title for item in copy.items] == ["told"]
    assert await feeds.read("/news", copy) is copy
    assert wire.asked["/news"] == 2


async def test_not_modified_since_nothing_is_a_fault(wire):
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=304)

    wire.handlers["/news"] = handler
    assert await read(wire, "/news") == FeedFault("answered with HTTP status 304")


async def test_more_than_a_mebibyte_is_not_read(wire):
    padding = b"<!--" + b"x" * (MAX_BYTES - len(TOLD) - 7) + b"-->"
    wire.bodies["/fits"] = TOLD.encode() + padding
    wire.bodies["/news"] = TOLD.encode() + padding + b" "
    assert len((await read(wire, "/fits")).items) == 1
    assert await read(wire, "/news") == FeedFault("is larger than 1 MiB")


async def test_a_small_body_that_unpacks_to_a_large_one_is_not_read(wire):
    wire.zip("/good", TOLD.encode())
    wire.zip("/bomb", TOLD.encode() + b" " * (64 << 20))
    assert len((await read(wire, "/good")).items) == 1
    assert await read(wire, "/bomb") == FeedFault("is larger than 1 MiB")


@pytest.mark.parametrize("how", ["hold", "drip"])
async def test_a_slow_feed_is_given_up(wire, how):
    getattr(wire, how)("/slow")
    assert await read(wire, "/slow", timeout_seconds=0.2) == FeedFault("no answer within 0.2 s")


async def test_a_slow_feed_holds_no_other_up(wire):
    wire.hold("/slow")
    feeds = reader(wire, "/slow", "/rss")
    slow = asyncio.create_task(feeds.read("/slow", None))
    await wire.arrived.wait()
    assert len((await feeds.read("/rss", None)).items) == 3
    assert not slow.done()
    wire.release.set()
    assert len((await slow).items) == 3


@pytest.mark.parametrize("status", [204, 403, 404, 500, 503])
async def test_any_other_status_is_a_fault(wire, status):
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, reason="<b>secret</b>")

    wire.handlers["/news"] = handler
    assert await read(wire, "/news") == FeedFault(f"answered with HTTP status {status}")


async def test_a_server_that_is_not_there_is_a_fault(wire):
    url = wire.url("/rss")
    await wire.server.close()
    assert await FeedReader([NewsFeed("gone", url)]).read("gone", None) == FeedFault("could not be reached")

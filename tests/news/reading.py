"""Feeds of the wire, read."""

from __future__ import annotations

from opentrader.news import FeedReader, NewsFeed

TOLD = '<rss version="2.0"><channel><item><title>told</title></item></channel></rss>'


def reader(wire, *paths, timeout_seconds=30.0):
    return FeedReader([NewsFeed(path, wire.url(path)) for path in paths], timeout_seconds=timeout_seconds)


async def read(wire, path, known=None, timeout_seconds=30.0):
    return await reader(wire, path, timeout_seconds=timeout_seconds).read(path, known)

"""Feeds over a real socket: good ones are read, and bad ones of every kind end as a named fault."""

from __future__ import annotations

from opentrader.domain.news import FeedCopy, FeedFault, NewsItem
from tests.news.reading import read


async def test_rss_becomes_plain_items(wire):
    copy = await read(wire, "/rss")
    assert isinstance(copy, FeedCopy)
    first, older, undated = copy.items  # the item that says nothing is left out
    link = str(wire.url("/a").with_query(id=7))
    assert first == NewsItem("Bitcoin holds range", link, "/rss", 1714219800, "Price & volume calm.")
    assert (older.title, older.published) == ("Older", 1714089600)
    assert (undated.title, undated.link, undated.published) == ("Undated", "", None)


async def test_atom_becomes_plain_items(wire):
    copy = await read(wire, "/atom")
    assert copy.items == (NewsItem("Größe & Zahl", "https://example.com/atom", "/atom", 1714219200, "short words"),)


async def test_a_fault_of_the_parser_is_one_feeds_fault(wire, monkeypatch, caplog):
    def broken(page, source):
        raise RecursionError("too deep")

    monkeypatch.setattr("opentrader.news.reader.items_of", broken)
    assert await read(wire, "/rss") == FeedFault("could not be read")
    assert "too deep" in caplog.text

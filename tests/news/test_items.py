"""Bytes become items of plain text, or are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from opentrader.domain.news import FeedFault
from opentrader.news.download import Page, Unreadable
from opentrader.news.items import items_of, plain
from tests.fakes.wire import LAUGHS, RSS
from tests.news.reading import TOLD, read


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://example.com/a?utm_medium=x&amp;b=1#c", "https://example.com/a?b=1"),
        ("http://example.com/", "http://example.com/"),
        ("ftp://example.com/a", ""),
        ("intent://example.com/a", ""),
        ("data:text/html,x", ""),
        ("https://me@example.com/", ""),
        ("https://exa mple.com:x/", ""),
        ("https://example.com/" + "a" * 2000, ""),
        ("", ""),
    ],
)
async def test_a_link_is_a_web_address_or_nothing(wire, link, shown):
    wire.bodies["/news"] = TOLD.replace("</item>", f"<link>{link}</link></item>").encode()
    assert [item.link for item in (await read(wire, "/news")).items] == [shown]


@pytest.mark.parametrize(
    ("body", "titles"),
    [
        (TOLD.replace("</channel></rss>", "").encode(), ["told"]),
        (b'<rss version="2.0"><channel><item><title>a & b</title></item></channel></rss>', ["a & b"]),
        (TOLD.replace("told", "t\x00o\u202eld\u200b").encode(), ["told"]),
        (TOLD.replace("told", "&nbsp;t&l1;old&#169;").encode(), ["t&l1;old©"]),
    ],
    ids=["truncated", "bare ampersand", "control characters", "undeclared entity"],
)
async def test_a_damaged_feed_gives_what_can_be_read_of_it(wire, body, titles):
    wire.bodies["/news"] = body
    assert [item.title for item in (await read(wire, "/news")).items] == titles


@given(
    st.binary(max_size=60),
    st.integers(0, len(RSS)),
    st.integers(0, 40),
    st.sampled_from(["", "text/xml", "x; charset=utf-16"]),
)
def test_whatever_comes_is_read_as_items_or_refused(garbage, at, gone, content_type):
    page = Page(RSS[:at] + garbage + RSS[at + gone :], URL("https://x.com/"), content_type, None, None)
    try:
        items = items_of(page, "x")
    except Unreadable:
        return
    for item in items:
        assert item.title
        assert item.link == "" or item.link.startswith(("http://", "https://"))
        assert len(item.summary) <= 500


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff" * 500, b"<html><body><p>Not here</p></body></html>", b'{"items": []}', b"<rss", b"<<<<&&&&]]>"],
)
async def test_what_is_no_feed_is_a_fault(wire, body):
    wire.bodies["/news"] = body
    assert await read(wire, "/news") == FeedFault("is not RSS or Atom, or is damaged")


async def test_a_body_that_spells_a_file_or_an_address_opens_neither(wire, tmp_path: Path):
    file = tmp_path / "feed.xml"
    file.write_text(TOLD)
    for body in (str(file), f"file://{file}", str(wire.url("/rss"))):
        wire.bodies["/news"] = body.encode()
        assert isinstance(await read(wire, "/news"), FeedFault)
    assert wire.asked["/rss"] == 0


@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
async def test_entities_neither_grow_nor_open_files(wire, tmp_path: Path, charset):
    file = tmp_path / "feed.txt"
    file.write_text("private")
    wire.bodies["/laughs"] = LAUGHS.replace("{file}", f"file://{file}").encode(charset)
    assert await read(wire, "/laughs") == FeedFault("declares its own entities")


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<p>one</p><p>two<br/>three</p>", "one two three"),
        ('<p lang="en" title="x">one</p><p dir="rtl">two</p>', "one two"),
        ('<a href="https://x.com">a<b>b</b></a>c', "abc"),
        ("5 < 6 &amp;&amp; 7 > 6, R&D &#8364;1 &nope;", "5 < 6 && 7 > 6, R&D €1 &nope;"),
        ("a<!-- <b>no</b> -->b<!doctype x><?php x?>c", "abc"),
        ("a<SCRIPT>no<b>no</b></SCRIPT >b<style>no", "ab"),
        ("a&lt;b&gt;c", "a<b>c"),
        ('text <img src="cut off', "text"),
        ("a<![<![b", "a"),  # a comment without an end, to a browser
        ("<ul><li>a<li>b</ul>c<noscript><p>no</p></noscript>", "a b c"),
        ("a<svg><script>no</script></svg>b", "ab"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
    ],
)
def test_markup_becomes_what_a_browser_shows(markup, shown):
    assert plain(markup) == shown


async def test_a_feed_of_nothing_but_tags_is_not_parsed(wire):
    wire.bodies["/news"] = b'<rss version="2.0"><channel>' + b"<item/>" * 100_000
    assert await read(wire, "/news") == FeedFault("has too many tags to be a feed")


async def test_no_feed_has_more_items_than_can_be_asked_for(wire):
    item = "<item><title>n</title></item>"
    wire.bodies["/news"] = TOLD.replace("</channel>", item * 300 + "</channel>").encode()
    assert len((await read(wire, "/news")).items) == 200


async def test_a_summary_has_500_characters_at_most(wire):
    text = f"<description>{'words ' * 200}</description>"
    wire.bodies["/news"] = TOLD.replace("</item>", text + "</item>").encode()
    summary = (await read(wire, "/news")).items[0].summary
    assert 490 < len(summary) <= 500
    assert summary.endswith("…")

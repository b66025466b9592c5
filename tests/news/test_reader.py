"""Feeds over a real socket: good ones are read, and bad ones of every kind end as a named fault."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from opentrader.domain.news import FeedCopy, FeedFault, NewsItem
from opentrader.errors import ConfigError
from opentrader.news import DEFAULT_FEEDS, FeedReader, NewsFeed, parse_feeds
from opentrader.news.download import MAX_BYTES, Page, Unreadable
from opentrader.news.items import items_of, plain
from tests.fakes.wire import LAUGHS, RSS

TOLD = '<rss version="2.0"><channel><item><title>told</title></item></channel></rss>'


def reader(wire, *paths, timeout_seconds=30.0):
    return FeedReader([NewsFeed(path, wire.url(path)) for path in paths], timeout_seconds=timeout_seconds)


async def read(wire, path, known=None, timeout_seconds=30.0):
    return await reader(wire, path, timeout_seconds=timeout_seconds).read(path, known)


async def test_rss_becomes_plain_items(wire):
    copy = await read(wire, "/rss")
    assert isinstance(copy, FeedCopy)
    first, older, undated = copy.items  # the item that says nothing is left out
    link = str(wire.url("/a").with_query(id=7))
    assert first == NewsItem("Bitcoin holds range", link, "/rss", 1714219800, "Price & volume calm.")
    assert (older.title, older.published) == ("Older", 1714089600)
    assert (undated.title, undated.link, undated.published) == ("Undated", "", None)


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


async def test_atom_becomes_plain_items(wire):
    copy = await read(wire, "/atom")
    assert copy.items == (NewsItem("Größe & Zahl", "https://example.com/atom", "/atom", 1714219200, "short words"),)


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


@pytest.mark.parametrize(
    ("declared", "charset"),
    [
        ("", "utf-8"),
        ("", "cp1252"),
        ("", "utf-16"),
        ("", "utf-8-sig"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "latin-1"),
        ('<?xml version="1.0" encoding="utf-8"?>', "latin-1"),  # a lie
        ('<?xml version="1.0" encoding="punycode"?>', "utf-8"),
        ('<?xml version="1.0" encoding="no-such-thing"?>', "utf-8"),
    ],
)
async def test_a_feed_is_decoded_as_it_says_or_as_it_is(wire, declared, charset):
    wire.bodies["/news"] = (declared + TOLD.replace("told", "Größe")).encode(charset)
    assert [item.title for item in (await read(wire, "/news")).items] == ["Größe"]


async def test_no_codec_is_run_but_a_known_one(wire):
    declared = '<?xml version="1.0" encoding="unicode_escape"?>'
    wire.bodies["/news"] = (declared + TOLD.replace("told", r"\u0041")).encode()
    assert [item.title for item in (await read(wire, "/news")).items] == [r"\u0041"]


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


async def test_a_redirect_within_the_origin_is_followed(wire):
    wire.redirect("/old", "/rss")
    copy = await read(wire, "/old")
    assert len(copy.items) == 3


async def test_redirects_without_an_end_are_a_fault(wire):
    wire.redirect("/old", "/old")
    assert await read(wire, "/old") == FeedFault("redirects more than 5 times")
    assert wire.asked["/old"] == 6


PRIVATE = [
    "http://example.com/feed",  # leaves https
    "http://127.0.0.1:{other}/rss",
    "https://127.0.0.1:{other}/rss",
    "https://[::1]:{other}/rss",
    "https://[::ffff:127.0.0.1]:{other}/rss",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[2002:a00:1::]/",
    "https://127.1:{other}/rss",
    "https://2130706433:{other}/rss",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://[fd00::1]/",
    "https://[fe80::1]/",
    "https://224.0.0.1/",
    "https://0.0.0.0/",
    "ftp://example.com/feed",
    "//127.0.0.1:{other}/rss",
]


@pytest.mark.parametrize("to", PRIVATE)
async def test_a_redirect_to_a_private_address_is_not_followed(wire, to, unused_tcp_port):
    wire.redirect("/old", to.format(other=unused_tcp_port))
    fault = await read(wire, "/old")
    assert fault == FeedFault("redirects to an address that is not public and https")


async def test_a_redirect_to_a_name_of_a_private_address_is_not_followed(wire, unused_tcp_port):
    wire.redirect("/old", f"https://localhost:{unused_tcp_port}/rss")
    assert await read(wire, "/old") == FeedFault("redirects to a name whose address is not public")


async def test_each_hop_is_looked_at_and_not_only_the_first(wire, unused_tcp_port):
    wire.redirect("/one", "/two")
    wire.redirect("/two", f"https://127.0.0.1:{unused_tcp_port}/rss")
    assert await read(wire, "/one") == FeedFault("redirects to an address that is not public and https")
    assert wire.asked["/two"] == 1


@pytest.mark.parametrize("to", ["", "file:///etc/passwd", "https://", "https://exa mple.com:port/", "http://["])
async def test_a_redirect_to_nowhere_is_a_fault(wire, to):
    wire.redirect("/old", to)
    assert isinstance(await read(wire, "/old"), FeedFault)


async def test_a_fault_of_the_parser_is_one_feeds_fault(wire, monkeypatch, caplog):
    def broken(page, source):
        raise RecursionError("too deep")

    monkeypatch.setattr("opentrader.news.reader.items_of", broken)
    assert await read(wire, "/rss") == FeedFault("could not be read")
    assert "too deep" in caplog.text


def test_feeds_are_named_by_host_and_by_path_where_two_share_one():
    feeds = parse_feeds(["https://www.a.com/rss", "https://b.com/x", "https://b.com/y", "http://127.0.0.1:9/f"])
    assert [feed.name for feed in feeds] == ["a.com", "b.com/x", "b.com/y", "127.0.0.1"]
    assert len(parse_feeds(DEFAULT_FEEDS)) == len(DEFAULT_FEEDS)
    assert all(feed.url.scheme == "https" for feed in parse_feeds(DEFAULT_FEEDS))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://example.com/rss", "https://"),
        ("http://10.0.0.1/rss", "https://"),
        ("ftp://example.com/rss", "https://"),
        ("example.com/rss", "host"),
        ("https://me:hunter2@example.com/rss", "password"),
        ("https://[", "not a URL"),
    ],
)
def test_an_address_that_is_not_https_is_refused_in_the_settings(address, told):
    with pytest.raises(ConfigError) as refused:
        parse_feeds(["https://example.org/rss", address])
    assert told in refused.value.detail
    assert "hunter2" not in refused.value.detail


def test_two_feeds_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="more than once"):
        parse_feeds(["https://b.com/x?a=1", "https://b.com/x?a=2"])

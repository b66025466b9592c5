"""Which addresses a feed may have, and where a redirect may lead."""

from __future__ import annotations

import pytest

from opentrader.domain.news import FeedFault
from opentrader.errors import ConfigError
from opentrader.news import DEFAULT_FEEDS, parse_feeds
from tests.news.reading import read


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

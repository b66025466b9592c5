"""The rules for feed addresses and redirects."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from opentrader.domain.hosts import address_of, is_loopback, is_public
from opentrader.errors import ConfigError

DEFAULT_FEEDS = (
    "https://www.coindesk.com/arc/outboundfeeds/rss/",
    "https://cointelegraph.com/rss",
    "https://decrypt.co/feed",
    "https://bitcoinmagazine.com/feed",
    "https://cryptoslate.com/feed/",
)


_PASSWORD = re.compile(r"(?<=//)[^/]*@")


class NewsFeed(NamedTuple):
    """A configured feed; `name` is the `source` of its items."""

    name: str
    url: URL


class NotPublic(OSError):
    """A redirect leads to an address in a private network, or not to https."""


def parse_feeds(addresses: Iterable[str]) -> tuple[NewsFeed, ...]:
    """The feeds of the setting `news_feeds`, each named by its host, or by host and path if two share a host.

    Raises `ConfigError`, with one line for each address that is not https (or http on loopback) or is a duplicate.
    """
    urls, problems = [], []
    for address in dict.fromkeys(addresses):
        try:
            urls.append(_feed_url(address))
        except ValueError as error:
            problems.append(f"news_feeds: {_PASSWORD.sub('', address)} {error}")
    feeds = _named(urls)
    names = Counter(feed.name for feed in feeds)
    problems += [f"news_feeds: {name} is listed more than once" for name in names if names[name] > 1]
    if problems:
        raise ConfigError("\n".join(problems), hint=f"for example {DEFAULT_FEEDS[0]}")
    return feeds


def _named(urls: Sequence[URL]) -> tuple[NewsFeed, ...]:
    hosts = Counter(map(_host, urls))
    return tuple(NewsFeed(_host(url) + (url.path if hosts[_host(url)] > 1 else ""), url) for url in urls)


def _feed_url(address: str) -> URL:
    try:
        url = URL(address.strip())
        host = url.host
    except ValueError:
        raise ValueError("is not a URL") from None
    if not host or url.user or url.password:
        raise ValueError("should be a URL with a host and without a user or password")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(host)):
        raise ValueError("should begin with https:// (http:// is allowed for loopback only)")
    return url


def _host(url: URL) -> str:
    return (url.host or "").removeprefix("www.")


def check_public(url: URL) -> None:
    """Raise `NotPublic` if a redirect leaves https or names a private IP address. Host names are resolved later."""
    host = url.host or ""
    address = address_of(host)
    literal = ":" in host or host.replace(".", "").isdigit()  # may be connected to without being resolved
    public = not literal if address is None else is_public(address)
    if url.scheme != "https" or not host or not public:
        raise NotPublic("redirects to an address that is not public and https")


class PublicResolver(AbstractResolver):
    """The system's resolver, which refuses a name that has any private address.

    It runs when the connection is made, so a name cannot change its address between check and use (DNS rebinding).
    """

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        if not all((address := address_of(result["host"])) and is_public(address) for result in found):
            raise NotPublic("redirects to a name whose address is not public")
        return found

    async def close(self) -> None:
        await self._system.close()

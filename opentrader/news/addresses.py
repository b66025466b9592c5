"""Which addresses a feed may have, and which a redirect may lead to."""

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
    """`name` is what readers of the news see of it."""

    name: str
    url: URL


class NotPublic(OSError):
    """A redirect leads to an address that only this machine or its network can reach."""


def parse_feeds(addresses: Iterable[str]) -> tuple[NewsFeed, ...]:
    """The feeds of a setting, each named by its host, or by host and path where two share one.

    Raises `ConfigError`, with a line for every address that is not https (or http on loopback), or has a name twice.
    """
    urls, problems = [], []
    for address in dict.fromkeys(addresses):
        try:
            urls.append(_feed_url(address))
        except ValueError as error:
            problems.append(f"news_feeds: {_PASSWORD.sub('', address)} {error}")
    feeds = _named(urls)
    names = Counter(feed.name for feed in feeds)
    problems += [f"news_feeds: {name} is named more than once" for name in names if names[name] > 1]
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
        raise ValueError("is no address") from None
    if not host or url.user or url.password:
        raise ValueError("should be an address with a host and without a password")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(host)):
        raise ValueError("should begin with https:// (http:// is for loopback only)")
    return url


def _host(url: URL) -> str:
    return (url.host or "").removeprefix("www.")


def demand_public(url: URL) -> None:
    """Raise `NotPublic` for a redirect that leaves https, or names a private address; names the resolver looks at."""
    host = url.host or ""
    address = address_of(host)
    literal = ":" in host or host.replace(".", "").isdigit()  # might reach a socket without being resolved
    public = not literal if address is None else is_public(address)
    if url.scheme != "https" or not host or not public:
        raise NotPublic("redirects to an address that is not public and https")


class PublicResolver(AbstractResolver):
    """Resolves as the system does, and refuses a name with any address that is not public.

    It is asked when the connection is made, so that a name cannot point elsewhere after it was looked at.
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

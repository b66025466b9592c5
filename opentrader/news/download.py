"""One conditional GET that follows redirects itself, looks at each of them, and stops reading in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import ClientResponse, ClientSession, DummyCookieJar, TCPConnector
from yarl import URL

from opentrader.domain.news import FeedCopy
from opentrader.news.addresses import PublicResolver, demand_public

LARGEST = 1 << 20  # bytes, after decompression
_MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {
    "User-Agent": "opentrader",
    "Accept": "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5",
}


class Unreadable(Exception):
    """Why a feed gave nothing, in words for the reader of the news."""


@dataclass(frozen=True, slots=True)
class Page:
    """A body and what came with it; `url` is where the redirects ended."""

    body: bytes
    url: URL
    content_type: str
    etag: str | None
    modified: str | None


async def download(start: URL, known: FeedCopy | None) -> Page | None:
    """The page at `start`, or None if it is still as `known`.

    The configured address is trusted, as is another path of its origin; a redirect to any other origin must be https
    and public. Raises `Unreadable`, and what aiohttp raises.
    """
    headers = {**_HEADERS, **_validators(known)}
    async with _session(TCPConnector()) as trusted, _session(TCPConnector(resolver=PublicResolver())) as guarded:
        url = start
        for _ in range(_MOST_REDIRECTS + 1):
            session = trusted if url.origin() == start.origin() else guarded
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await _page(response, known)
                url = _target(start, response)
    raise Unreadable(f"redirects more than {_MOST_REDIRECTS} times")


def _session(connector: TCPConnector) -> ClientSession:
    return ClientSession(connector=connector, cookie_jar=DummyCookieJar())


def _validators(known: FeedCopy | None) -> Mapping[str, str]:
    if known is None:
        return {}
    named = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: value for name, value in named.items() if value}


def _target(start: URL, response: ClientResponse) -> URL:
    try:
        url = response.url.join(URL(response.headers.get("Location", "")))
        same = url.origin() == start.origin()
    except ValueError:
        raise Unreadable("redirects to what is no address") from None
    if not same:
        demand_public(url)
    return url


async def _page(response: ClientResponse, known: FeedCopy | None) -> Page | None:
    if response.status == 304 and known is not None:
        return None
    if response.status != 200:
        raise Unreadable(f"answered with HTTP status {response.status}")
    told = response.headers
    body = await _body(response)
    return Page(body, response.url, told.get("Content-Type", ""), told.get("ETag"), told.get("Last-Modified"))


async def _body(response: ClientResponse) -> bytes:
    body = bytearray()
    if (response.content_length or 0) <= LARGEST:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > LARGEST:
                break
        else:
            return bytes(body)
    raise Unreadable(f"is larger than {LARGEST >> 20} MiB")

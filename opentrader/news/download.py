"""Downloads a feed: one conditional GET that checks each redirect and limits the size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import ClientResponse, ClientSession, DummyCookieJar, TCPConnector
from yarl import URL

from opentrader.domain.news import FeedCopy
from opentrader.news.addresses import PublicResolver, check_public

MAX_BYTES = 1 << 20  # after decompression
_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {
    "User-Agent": "opentrader",
    "Accept": "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5",
}


class Unreadable(Exception):
    """Why a feed could not be read; the text is shown to the user of the news."""


@dataclass(frozen=True, slots=True)
class Page:
    """A response body with its metadata; `url` is the last one after redirects."""

    body: bytes
    url: URL
    content_type: str
    etag: str | None
    modified: str | None


async def download(start: URL, known: FeedCopy | None) -> Page | None:
    """The page at `start`, or None if it has not changed since `known`.

    The configured origin is trusted. A redirect to any other origin must lead to a public https address. Raises
    `Unreadable`, `NotPublic`, and the errors of aiohttp.
    """
    headers = {**_HEADERS, **_validators(known)}
    async with _session(TCPConnector()) as trusted, _session(TCPConnector(resolver=PublicResolver())) as guarded:
        url = start
        for _ in range(_MAX_REDIRECTS + 1):
            session = trusted if url.origin() == start.origin() else guarded
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await _page(response, known)
                url = _target(start, response)
    raise Unreadable(f"redirects more than {_MAX_REDIRECTS} times")


def _session(connector: TCPConnector) -> ClientSession:
    return ClientSession(connector=connector, cookie_jar=DummyCookieJar())


def _validators(known: FeedCopy | None) -> Mapping[str, str]:
    if known is None:
        return {}
    validators = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: value for name, value in validators.items() if value}


def _target(start: URL, response: ClientResponse) -> URL:
    try:
        url = response.url.join(URL(response.headers.get("Location", "")))
        same = url.origin() == start.origin()
    except ValueError:
        raise Unreadable("redirects to an invalid URL") from None
    if not same:
        check_public(url)
    return url


async def _page(response: ClientResponse, known: FeedCopy | None) -> Page | None:
    if response.status == 304 and known is not None:
        return None
    if response.status != 200:
        raise Unreadable(f"answered with HTTP status {response.status}")
    headers = response.headers
    return Page(
        body=await _body(response),
        url=response.url,
        content_type=headers.get("Content-Type", ""),
        etag=headers.get("ETag"),
        modified=headers.get("Last-Modified"),
    )


async def _body(response: ClientResponse) -> bytes:
    body = bytearray()
    if (response.content_length or 0) <= MAX_BYTES:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_BYTES:
                break
        else:
            return bytes(body)
    raise Unreadable(f"is larger than {MAX_BYTES >> 20} MiB")

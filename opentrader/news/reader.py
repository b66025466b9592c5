"""Reads one feed at a time, whatever it does: the outcome is a copy of it, or why there is none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from aiohttp import ClientConnectorDNSError, ClientConnectorError, ClientError

from opentrader.domain.news import FeedCopy, FeedFault
from opentrader.domain.time_limits import FEED_SECONDS
from opentrader.news.addresses import NewsFeed, NotPublic
from opentrader.news.download import Unreadable, download
from opentrader.news.items import items_of

logger = logging.getLogger(__name__)


class FeedReader:
    """The port to the news, over HTTP. Coroutines run on one loop."""

    def __init__(self, feeds: Sequence[NewsFeed], *, timeout_seconds: float = FEED_SECONDS) -> None:
        self.names = tuple(feed.name for feed in feeds)
        self._urls = dict(feeds)
        self._timeout_seconds = timeout_seconds
        # What a feed can hold of a thread pool that others need too: a lookup of its name, a parse of its text.
        self._reading, self._parsing = asyncio.Semaphore(3), asyncio.Semaphore(1)

    async def read(self, name: str, known: FeedCopy | None) -> FeedCopy | FeedFault:
        """The feed of that name; `known` itself when it has not changed. Raises nothing."""
        try:
            async with self._reading, asyncio.timeout(self._timeout_seconds):
                return await self._read(name, known)
        except Exception as error:  # noqa: BLE001 - one feed's fault, whatever it is, is its own
            return FeedFault(self._reason(name, error))

    async def _read(self, name: str, known: FeedCopy | None) -> FeedCopy:
        page = await download(self._urls[name], known)
        if page is None:
            assert known is not None
            return known
        async with self._parsing:
            items = await asyncio.to_thread(items_of, page, name)
        return FeedCopy(items, page.etag, page.modified)

    def _reason(self, name: str, error: Exception) -> str:
        """In our own words: what a stranger's server says is not for the reader's eyes."""
        cause = error.os_error if isinstance(error, ClientConnectorError) else error
        match cause:
            case Unreadable() | NotPublic():
                return str(cause)
            case TimeoutError():
                return f"no answer within {self._timeout_seconds:g} s"
            case _ if isinstance(error, ClientConnectorDNSError):
                return "its name could not be resolved"
            case ClientError() | OSError():
                return "could not be reached"
        logger.warning("news: %s could not be read", name, exc_info=error)
        return "could not be read"

"""Reads feeds. The result is always a copy of the feed or the reason why there is none."""

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
    """The news port over HTTP. Coroutines run on one event loop."""

    def __init__(self, feeds: Sequence[NewsFeed], *, timeout_seconds: float = FEED_SECONDS) -> None:
        self.names = tuple(feed.name for feed in feeds)
        self._urls = dict(feeds)
        self._timeout_seconds = timeout_seconds
        # Feeds share a thread pool with others: these limit their name lookups and their parsing.
        self._reading, self._parsing = asyncio.Semaphore(3), asyncio.Semaphore(1)

    async def read(self, name: str, known: FeedCopy | None) -> FeedCopy | FeedFault:
        """The feed of that name; `known` itself if it has not changed. Errors become a `FeedFault`."""
        try:
            async with self._reading, asyncio.timeout(self._timeout_seconds):
                return await self._read(name, known)
        except Exception as error:  # noqa: BLE001 - an error in one feed must not affect the others
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
        """A fixed text for each kind of error: nothing that the remote server sent is shown."""
        cause = error.os_error if isinstance(error, ClientConnectorError) else error
        match cause:
            case Unreadable() | NotPublic():
                return str(cause)
            case TimeoutError():
                return f"no answer within {self._timeout_seconds:g} s"
            case _ if isinstance(error, ClientConnectorDNSError):
                return "its host name could not be resolved"
            case ClientError() | OSError():
                return "could not be reached"
        logger.warning("news: %s could not be read", name, exc_info=error)
        return "could not be read"

"""The stream of a venue, kept open: what is silent counts as lost, and what is lost is opened again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from opentrader.domain.trading.exchange import Followed, Hear, StreamAlive, StreamLost, VenueEvent
from opentrader.errors import OpentraderError

SILENT_SECONDS = 5.0  # without a sign of life
AGAIN_SECONDS = 5.0  # until a lost stream is opened again; twice as long after each that was soon lost
LONGEST_SECONDS = 60.0  # of these pauses, and of what counts as soon

logger = logging.getLogger(__name__)

Open = Callable[[Hear, Followed], Coroutine[Any, Any, None]]


class Stream:
    """At most one stream, for whoever asked last. `open_` opens one and runs until it breaks. For one event loop.

    `lost_since`: by the clock `now`; None while the stream is alive. One that was never open counts as lost.
    """

    def __init__(self, open_: Open, now: Callable[[], float]) -> None:
        self._open, self._now = open_, now
        self._task: asyncio.Task[None] | None = None
        self.lost_since: float | None = now()

    async def begin(self, hear: Hear, followed: Followed) -> None:
        await self.close()

        def noted(event: VenueEvent) -> None:
            self._note(event)
            hear(event)

        self._task = asyncio.create_task(kept_open(self._open, noted, followed))

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _note(self, event: VenueEvent) -> None:
        """As its listener counts: only a sign of life makes it alive. The first loss in a row dates it."""
        if isinstance(event, StreamAlive):
            self.lost_since = None
        elif isinstance(event, StreamLost) and self.lost_since is None:
            self.lost_since = self._now()


class Line:
    """One connection: hands on what it brings, until it is over. Each event is a sign of life."""

    def __init__(self, hear: Hear, patience: asyncio.Timeout) -> None:
        self._hear, self._patience = hear, patience
        self.over = False

    def __call__(self, event: VenueEvent) -> None:
        if not self.over and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time() + SILENT_SECONDS)
            self._hear(event)


async def kept_open(open_: Open, hear: Hear, followed: Followed) -> None:
    """Open a stream again and again, and tell of each one that it is lost; each opening has everything read anew."""
    loop, pause = asyncio.get_running_loop(), AGAIN_SECONDS
    while True:
        opened_at = loop.time()
        await until_lost(open_, hear, followed)
        hear(StreamLost())
        pause = AGAIN_SECONDS if loop.time() - opened_at > LONGEST_SECONDS else pause
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_SECONDS)


async def until_lost(open_: Open, hear: Hear, followed: Followed) -> None:
    try:
        async with asyncio.timeout(SILENT_SECONDS) as patience:
            line = Line(hear, patience)
            try:
                await open_(line, followed)
            finally:
                line.over = True
    except (TimeoutError, OpentraderError):
        return
    except Exception:
        logger.exception("the stream of the exchange failed; it is opened again")

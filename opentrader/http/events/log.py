"""The event log: the last events in a ring, from which every stream reads.

Event ids are consecutive, so a client that reconnects with the last id it saw continues from there. The first stream
starts the log, and it runs until the daemon stops: a client may stay away for as long as the ring reaches back. Rows
are compared as objects and only changed ones are encoded. A daemon to which no stream was ever opened spends nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

import orjson

from opentrader.errors import ShuttingDown
from opentrader.http.events.kinds import KINDS, HaltState, Rows, snapshot
from opentrader.http.gateway import Gateway
from opentrader.http.system import System

PAUSE_SECONDS = 0.05  # between two reads: a burst of changes costs as much as one
CLOCK_SECONDS = 1.0  # changes that come with time alone, like an expired signal, are found within this
CAPACITY = 1000
BATCH = 100  # events in one write: keeps the send buffer of a stream small

logger = logging.getLogger(__name__)


class StreamEvent(NamedTuple):
    """One event as it is sent; `text` is the whole frame with its id."""

    id: int
    kind: str
    text: bytes


class EventLog:
    """The last events of a running system. Everything runs on the event loop."""

    def __init__(self, gateway: Gateway, system: System) -> None:
        self._gateway, self._system = gateway, system
        # Ids start at the clock, in milliseconds: an id from before a restart is lower than all of these.
        self.newest = int(time.time() * 1000)
        self._ring: deque[StreamEvent] = deque(maxlen=CAPACITY)
        self._rows = {name: kind.read(system) for name, kind in KINDS.items()}
        self._appended = asyncio.Event()
        self.ended = False
        self._task = asyncio.create_task(self._run(), name="event log")

    def update(self) -> None:
        """Read all rows, append an event for each change, and wake the streams."""
        newest = self.newest
        for name, kind in KINDS.items():
            before, now = self._rows[name], kind.read(self._system)
            if name == "halt":
                now = _with_start(before, now)
            self._rows[name] = now
            for data in kind.changes(before, now):
                self._append(name, data)
        if self.newest > newest:
            self._wake()

    def snapshot(self, kinds: Iterable[str]) -> list[bytes]:
        """All rows of these kinds at the last read, as events without an id."""
        return [frame(name, data) for name in kinds for data in snapshot(self._rows[name])]

    def reaches(self, id: int) -> bool:
        """Whether the ring still holds every event after this id."""
        return 0 <= self.newest - id <= len(self._ring)

    def after(self, id: int) -> list[StreamEvent]:
        """The next batch of events after this id, which the ring must reach."""
        start = len(self._ring) - (self.newest - id)
        return list(islice(self._ring, start, start + BATCH))

    async def wait(self) -> None:
        """Return when an event was appended, or when the log has ended."""
        await self._appended.wait()

    async def _run(self) -> None:
        """Read after every publication, and at least once a second."""
        try:
            with suppress(ShuttingDown), self._gateway.changes(self._system) as changed:
                while not self._gateway.closing:
                    self.update()
                    await asyncio.sleep(PAUSE_SECONDS)
                    await _next_change(changed)
        except Exception:
            logger.exception("the event log failed and has ended; the next stream starts a new one")
        finally:
            self.ended = True
            self._wake()

    def _append(self, kind: str, data: dict[str, Any]) -> None:
        self.newest += 1
        self._ring.append(StreamEvent(self.newest, kind, b"id: %d\n" % self.newest + frame(kind, data)))

    def _wake(self) -> None:
        waited_for, self._appended = self._appended, asyncio.Event()
        waited_for.set()


def frame(kind: str, data: dict[str, Any]) -> bytes:
    """One event as server-sent text. `ts` is the row's own where it has one, else the time of sending."""
    dated = {**data, "ts": data.get("ts", int(time.time()))}
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(dated))


async def _next_change(changed: asyncio.Queue[str]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(changed.get(), CLOCK_SECONDS)
    while not changed.empty():
        changed.get_nowait()


def _with_start(before: Rows, now: Rows) -> Rows:
    """The halt state with the time at which the halt was seen to begin: the view does not have it."""
    if isinstance(before, str) or isinstance(now, str):
        return now
    (old,), (new,) = before, now
    since = old.since if old.halted else int(time.time())
    return [HaltState(True, new.reason, since)] if new.halted else now

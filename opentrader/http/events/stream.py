"""GET /api/events: server-sent events, each with the current state of one row.

A stream begins with `hello` and a snapshot, or with the events that the client has missed. A refused view is sent as
`{"code": ...}`; everything sent before for that kind is void then.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

from opentrader.errors import Fault, InvalidInput
from opentrader.http.events.kinds import KINDS
from opentrader.http.events.log import EventLog, frame
from opentrader.http.gateway import Gateway
from opentrader.http.problems import HEADERS
from opentrader.http.system import System

KEEPALIVE_SECONDS = 15.0
SLOW_SECONDS = 30.0  # a client that accepts no bytes for this long is dropped
MAX_ID_DIGITS = 20


class EventStreams:
    """Serves the streams of one gateway, all from one event log."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._log: EventLog | None = None

    async def send(self, request: web.BaseRequest, types: str | None) -> web.StreamResponse:
        """Send events until the client disconnects or is too slow, or the daemon stops. Raises `InvalidInput`."""
        wanted = _wanted(types)
        system, commit = await self._gateway.system(), (await self._gateway.health()).commit
        headers = {**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        # No await from here to the first write: the snapshot and the position in the log must agree.
        text, cursor = _beginning(self._current_log(system), wanted, _last_seen(request), commit)
        with suppress(ConnectionError):
            while text:
                await _write(request, response, text)
                text = await cursor.next()
        return response

    def _current_log(self, system: System) -> EventLog:
        if self._log is None or self._log.ended:
            self._log = EventLog(self._gateway, system)
        return self._log


class Cursor:
    """The position of one stream in the log."""

    def __init__(self, log: EventLog, wanted: frozenset[str], id: int) -> None:
        self._log, self._wanted, self._id = log, wanted, id

    @property
    def lost(self) -> bool:
        """Whether the ring has dropped events that this stream has not read."""
        return not self._log.reaches(self._id)

    async def next(self) -> bytes:
        """The next wanted events, or a ping when there are none for a while; empty at the end of the stream."""
        with suppress(TimeoutError):
            async with asyncio.timeout(KEEPALIVE_SECONDS):
                while not (text := self._read()) and not self._log.ended and not self.lost:
                    if self._id == self._log.newest:
                        await self._log.wait()
                return text
        return b": ping\n\n"

    def _read(self) -> bytes:
        if self.lost:
            return b""
        events = self._log.after(self._id)
        self._id += len(events)
        return b"".join(event.text for event in events if event.kind in self._wanted)


def _wanted(types: str | None) -> frozenset[str]:
    """The kinds that are named, or all. Raises `InvalidInput` for a kind that does not exist: nobody would miss it."""
    named = frozenset(types.split(",")) if types else frozenset(KINDS)
    if unknown := sorted(named - KINDS.keys() - {"hello"}):
        message = f"no such event kind: {', '.join(unknown)}; known: {', '.join(KINDS)}"
        raise InvalidInput([Fault(("query", "types"), message, "enum", input=types)])
    return named


def _beginning(log: EventLog, wanted: frozenset[str], seen: int | None, commit: str) -> tuple[bytes, Cursor]:
    """`hello`, then a snapshot unless the client resumes; and the position from which the stream continues.

    The id of `hello` is that position: a client that is cut off right after it misses nothing either.
    """
    log.update()
    resumed = seen is not None and log.reaches(seen)
    start = seen if seen is not None and resumed else log.newest
    standing = [] if resumed else log.snapshot(kind for kind in KINDS if kind in wanted)
    hello = frame("hello", {"commit": commit, "resumed": resumed, "standing": len(standing)})
    return b"id: %d\n" % start + hello + b"".join(standing), Cursor(log, wanted, start)


def _last_seen(request: web.BaseRequest) -> int | None:
    """The Last-Event-ID of a reconnecting client; None if it is absent or not a number."""
    given = request.headers.get("Last-Event-ID", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= MAX_ID_DIGITS else None


async def _write(request: web.BaseRequest, response: web.StreamResponse, text: bytes) -> None:
    try:
        async with asyncio.timeout(SLOW_SECONDS):
            await response.write(text)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()  # an orderly close would wait for the client to read what is buffered
        raise ConnectionResetError("the client accepts no bytes") from None

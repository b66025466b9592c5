"""What happens, as it happens: server-sent events, each telling how one thing stands now.

A thing is a row of a view: one trade, one signal, one card. The rows are compared with those of the look before, and
what differs is an event. One that is no longer there is told with its names and `"gone": true`; a view that is refused
with the `code` of the refusal, after which nothing told of that kind before counts. `ts` is when it was told, or the
row's own where it has one (a card, a line of the log). What only the clock moves on, like `age_sec`, is no event.

All streams read one record: a ring of the last events, their ids in one row, so that a client which comes back with
the last id that it saw goes on from there. The record is begun by the first stream, for before that nobody can come
back, and kept until the daemon stops: a client may be away as long as the ring reaches. That is affordable, as rows
are compared as they are, and only what differs is encoded. Nothing is spent in a daemon that nobody ever listened to.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.errors import OpentraderError, ShuttingDown
from opentrader.http.gateway import Gateway, System
from opentrader.http.problems import HEADERS

KEEPALIVE_SECONDS = 15.0
SLOW_SECONDS = 30.0  # a client that takes no bytes for so long is dropped
PAUSE_SECONDS = 0.05  # between two looks: many changes within a moment cost as much as a few
CLOCK_SECONDS = 1.0  # what the clock alone changes, like a signal that expires, is found within that
KEPT = 1000
AT_ONCE = 100  # events in one write: what waits in a stream's buffers stays small
LONGEST_ID = 20
AGEING = frozenset({"age_sec", "stale", "unprotected_sec"})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Agent:
    """The card of one agent, under the names that POST /api/agent/{name} answers with."""

    agent: str
    status: str
    action: str
    ts: int


@dataclass(frozen=True, slots=True)
class HaltState:
    """Whether new entries are let in. `since` is null when the halt began before the record did."""

    halted: bool
    reason: str
    since: int | None


Row = Any
Rows = list[Row] | str
"""The things of a kind in the order of telling, or the code of the refusal to show them."""


def _agents(state: messages.State) -> list[Agent]:
    return [Agent(name, card.status, card.action, card.ts) for name, card in state.agents.items()]


def _control(status: messages.BotStatus) -> list[HaltState]:
    return [HaltState(status.halted, status.halt_reason or "", None)]


def _all_changed(kind: Kind, before: Sequence[Row], now: Sequence[Row]) -> list[dict[str, Any]]:
    """What is new or different, then what is gone."""
    old, new = ({kind.name(row): row for row in rows} for rows in (before, now))
    changed = [_told(row) for name, row in new.items() if name not in old or _differ(old[name], row)]
    gone = [dict(zip(kind.names, name, strict=True)) | {"gone": True} for name in old if name not in new]
    return changed + gone


def _new_lines(kind: Kind, before: Sequence[Row], now: Sequence[Row]) -> list[dict[str, Any]]:
    """The lines after those known: what the log still holds of these stands at its beginning."""
    held = (len(before) - k for k in range(len(before) + 1) if before[k:] == now[: len(before) - k])
    return [_told(line) for line in now[next(held) :]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of events. `names` are the fields that tell one thing from another.

    `gate` is the message whose refusal holds for it, where that is not the view itself.
    """

    view: messages.View[Any]
    rows: Callable[[Any], Iterable[Row]]
    names: tuple[str, ...] = ()
    gate: type[Message[Any]] | None = None
    changes: Callable[[Kind, Sequence[Row], Sequence[Row]], list[dict[str, Any]]] = _all_changed

    def name(self, row: Row) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in self.names)

    def read(self, system: System) -> Rows:
        try:
            system.admit(self.gate or type(self.view))
            return list(self.rows(system.view(self.view)))
        except OpentraderError as error:
            return error.code


KINDS: Mapping[str, Kind] = {
    "trade": Kind(messages.OpenTrades(), lambda answer: answer.trades, ("id", "symbol")),
    "signal": Kind(messages.SignalRows(), lambda answer: answer.signals, ("symbol",)),
    "pending": Kind(messages.PendingEntries(), lambda answer: answer.pending, ("id", "symbol")),
    "agent": Kind(messages.BoardState(), _agents, ("agent",)),
    "trend": Kind(messages.TrendRows(), lambda answer: answer.data, ("symbol", "timeframe")),
    "market": Kind(messages.MarketRows(), lambda answer: answer.data, ("symbol", "htf_tf", "mtf_tf")),
    "halt": Kind(
        messages.StatusOf(), _control, gate=messages.Halt
    ),  # halting needs no license, so neither does being told
    "log": Kind(messages.BoardState(), lambda answer: reversed(answer.log), changes=_new_lines),
    "license": Kind(messages.LicenseOf(), lambda answer: (answer,)),
}
"""The kinds of events, in the order in which a stream tells how things stand."""


def _told(row: Row) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(row)}


def _differ(old: Row, new: Row) -> bool:
    lasting = _lasting(new.__class__)
    return old is not new and bool(lasting(old) != lasting(new))


@cache
def _lasting(kind: type) -> Callable[[Row], Any]:
    """Reads from a row what the clock alone does not change."""
    return attrgetter(*(field.name for field in fields(kind) if field.name not in AGEING))


class StreamEvent(NamedTuple):
    id: int
    kind: str
    text: bytes


class Record:
    """The last events of a running system. All of it on the loop."""

    def __init__(self, door: Gateway, system: System) -> None:
        self._door, self._system = door, system
        # Ids begin at the clock, in milliseconds: one from before a restart is older than all of these.
        self.newest = int(time.time() * 1000)
        self._ring: deque[StreamEvent] = deque(maxlen=KEPT)
        self._rows = {name: kind.read(system) for name, kind in KINDS.items()}
        self._news = asyncio.Event()
        self.ended = False
        self._keeping = asyncio.create_task(self._keep())

    def look(self) -> None:
        """Compare how things stand with how they stood, and wake those who follow."""
        newest = self.newest
        for name, kind in KINDS.items():
            before, now = self._rows[name], kind.read(self._system)
            if name == "halt":
                now = _dated(before, now)
            self._rows[name] = now
            for data in _changes(kind, before, now):
                self._add(name, data)
        if self.newest > newest:
            self._wake()

    def standing(self, kinds: Iterable[str]) -> list[bytes]:
        """How every thing of these kinds stood at the last look, as events without an id."""
        return [_text(name, data) for name in kinds for data in _standing(self._rows[name])]

    def reaches(self, id: int) -> bool:
        """Whether all events after this one are here."""
        return 0 <= self.newest - id <= len(self._ring)

    def after(self, id: int) -> list[StreamEvent]:
        """The next events after this one, which the record has to reach."""
        start = len(self._ring) - (self.newest - id)
        return list(islice(self._ring, start, start + AT_ONCE))

    async def news(self) -> None:
        """Return when there is an event more, or when there will be none."""
        await self._news.wait()

    async def _keep(self) -> None:
        """Look whenever something is published; once a second however that may be."""
        try:
            with suppress(ShuttingDown), self._door.changes(self._system) as changed:
                while not self._door.closing:
                    self.look()
                    await asyncio.sleep(PAUSE_SECONDS)
                    await _any(changed)
        except Exception:
            logger.exception("the record of events ended; the next stream begins another")
        finally:
            self.ended = True
            self._wake()

    def _add(self, kind: str, data: dict[str, Any]) -> None:
        self.newest += 1
        self._ring.append(StreamEvent(self.newest, kind, b"id: %d\n" % self.newest + _text(kind, data)))

    def _wake(self) -> None:
        waited, self._news = self._news, asyncio.Event()
        waited.set()


async def _any(changed: asyncio.Queue[str]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(changed.get(), CLOCK_SECONDS)
    while not changed.empty():
        changed.get_nowait()


def _changes(kind: Kind, before: Rows, now: Rows) -> list[dict[str, Any]]:
    if isinstance(now, str) or isinstance(before, str):
        return [] if now == before else _standing(now)
    return kind.changes(kind, before, now)


def _standing(rows: Rows) -> list[dict[str, Any]]:
    return [{"code": rows}] if isinstance(rows, str) else [_told(row) for row in rows]


def _dated(before: Rows, now: Rows) -> Rows:
    """The control with the instant of a halt that was seen to begin: the view that tells of it has none."""
    if isinstance(before, str) or isinstance(now, str):
        return now
    (was,), (is_now,) = before, now
    since = was.since if was.halted else int(time.time())
    return [HaltState(True, is_now.reason, since)] if is_now.halted else now


def _text(kind: str, data: dict[str, Any]) -> bytes:
    dated = {**data, "ts": data.get("ts", int(time.time()))}
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(dated))


class Place:
    """How far one stream has read."""

    def __init__(self, record: Record, wanted: frozenset[str], id: int) -> None:
        self._record, self._wanted, self._id = record, wanted, id

    @property
    def lost(self) -> bool:
        """Whether the ring has let go of what this stream has not read."""
        return not self._record.reaches(self._id)

    async def next(self) -> bytes:
        """The next events that are wanted, a sign of life when there are none for a while; empty at the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(KEEPALIVE_SECONDS):
                while not (text := self._read()) and not self._record.ended and not self.lost:
                    if self._id == self._record.newest:
                        await self._record.news()
                return text
        return b": ping\n\n"

    def _read(self) -> bytes:
        if self.lost:
            return b""
        events = self._record.after(self._id)
        self._id += len(events)
        return b"".join(event.text for event in events if event.kind in self._wanted)


async def stream(door: Gateway, request: web.BaseRequest, types: str | None) -> web.StreamResponse:
    """Send events until the client goes, is too slow or the daemon stops."""
    system, commit = await door.system(), (await door.health()).commit
    wanted = frozenset(types.split(",")) if types else frozenset(KINDS)
    response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    # From here to the first write nothing is awaited: what the stream begins with and the place it goes on from agree.
    record = _record_of(door, system)
    text, place = _beginning(record, wanted, _last_seen(request), commit)
    with suppress(ConnectionError):
        while text:
            await _send(request, response, text)
            text = await place.next()
    return response


def _record_of(door: Gateway, system: System) -> Record:
    if door.record is None or door.record.ended:
        door.record = Record(door, system)
    return door.record


def _beginning(record: Record, wanted: frozenset[str], seen: int | None, commit: str) -> tuple[bytes, Place]:
    """`hello`, then how things stand unless the client knows; and where it reads on.

    The id of `hello` is that place, so that a client which is cut off right after it misses nothing either.
    """
    record.look()
    resumed = seen is not None and record.reaches(seen)
    start = seen if seen is not None and resumed else record.newest
    standing = [] if resumed else record.standing(kind for kind in KINDS if kind in wanted)
    hello = _text("hello", {"commit": commit, "resumed": resumed, "standing": len(standing)})
    return b"id: %d\n" % start + hello + b"".join(standing), Place(record, wanted, start)


def _last_seen(request: web.BaseRequest) -> int | None:
    """The id that a client comes back with; None for what is no id."""
    given = request.headers.get("Last-Event-ID", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= LONGEST_ID else None


async def _send(request: web.BaseRequest, response: web.StreamResponse, text: bytes) -> None:
    try:
        async with asyncio.timeout(SLOW_SECONDS):
            await response.write(text)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()  # to close it would be to wait until what is on its way is taken
        raise ConnectionResetError("the client takes no bytes") from None

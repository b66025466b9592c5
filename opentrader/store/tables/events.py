"""The event log: append-only, each row sealed with a hash that covers all rows before it.

    hash = SHA-256(JSON of [seq, ts_ms, type, json] + prev_hash)

`json` is the stored text; `prev_hash` is the hash of the previous row, 32 zero bytes for the first. A changed, deleted
or inserted row breaks the chain; a truncated end does not, so keep a copy of `head` elsewhere. Old rows may be in
files instead (`store.archive`): the chain goes through both.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import orjson
from apsw import Connection

from opentrader.store.sqlite.codec import text

GENESIS = bytes(32)
TOLD_EVERY = 10_000


class Head(NamedTuple):
    """The last event; `seq` 0 and `GENESIS` when there is none."""

    seq: int
    hash: bytes


class Event(NamedTuple):
    seq: int
    ts_ms: int
    type: str
    body: dict[str, Any]


class StoredEvent(NamedTuple):
    """An event as it is stored."""

    seq: int
    ts_ms: int
    type: str
    json: str
    prev_hash: bytes
    hash: bytes


def append(connection: Connection, ts_ms: int, type: str, body: object) -> int:
    """Append an event and return its seq. Events cannot be changed or deleted."""
    last, written = head(connection), text(body)
    seq = last.seq + 1
    seal = sealed(seq, ts_ms, type, written, last.hash)
    connection.execute(
        "INSERT INTO events (seq, ts_ms, type, json, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?)",
        (seq, ts_ms, type, written, last.hash, seal),
    )
    return seq


def head(connection: Connection) -> Head:
    for last in connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"):
        return Head(*last)
    return Head(0, GENESIS)


def sealed(seq: int, ts_ms: int, type: str, json: str, prev_hash: bytes) -> bytes:
    return hashlib.sha256(orjson.dumps([seq, ts_ms, type, json]) + prev_hash).digest()


def verify(
    connection: Connection,
    archived: Iterable[Iterator[StoredEvent]] = (),
    told: Callable[[int], object] = lambda seq: None,
) -> int | None:
    """The seq of the first changed or missing event; None when the chain is intact.

    `archived`: the events that were moved to files, those of each file by seq. `told` hears how far it is, each
    `TOLD_EVERY` events.
    """
    expected = Head(1, GENESIS)  # the next seq, and the hash that it must follow
    stored = connection.execute("SELECT seq, ts_ms, type, json, prev_hash, hash FROM events ORDER BY seq")
    for seq, ts_ms, kind, json, prev_hash, seal in heapq.merge((StoredEvent(*row) for row in stored), *archived):
        if (seq, prev_hash) != expected or seal != sealed(seq, ts_ms, kind, json, prev_hash):
            return expected.seq
        expected = Head(seq + 1, seal)
        if not seq % TOLD_EVERY:
            told(seq)
    return None


def since(connection: Connection, seq: int) -> Iterator[Event]:
    """The events after `seq`, in order. Exhaust it before you give the connection back."""
    found = connection.execute("SELECT seq, ts_ms, type, json FROM events WHERE seq > ? ORDER BY seq", (seq,))
    for number, ts_ms, kind, json in found:
        yield Event(number, ts_ms, kind, orjson.loads(json))

"""The log of events: append-only, each row sealed with the hash of all before it.

    hash = SHA-256(JSON of [seq, ts_ms, type, json] + prev_hash)

`json` stands in it as the text that is stored, `prev_hash` is the previous row's hash, 32 zero bytes for the first.
Changing, removing or inserting a row breaks the chain; cutting off its end does not, so keep a `head` elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from apsw import Connection

from opentrader.store.sqlite.codec import text

GENESIS = bytes(32)


class Head(NamedTuple):
    """The last event; `seq` 0 and `GENESIS` before the first."""

    seq: int
    hash: bytes


class Event(NamedTuple):
    seq: int
    ts_ms: int
    type: str
    body: dict[str, Any]


def append(connection: Connection, ts_ms: int, type: str, body: object) -> int:
    """Add an event and return its seq. There is no way to change or remove one."""
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


def verify(connection: Connection) -> int | None:
    """The seq of the first event that is not as it was written, or is missing; None when the chain is whole."""
    expected = Head(1, GENESIS)  # the next seq, and what it must build on
    rows = connection.execute("SELECT seq, ts_ms, type, json, prev_hash, hash FROM events ORDER BY seq")
    for row in rows:
        seq, prev_hash, seal = row[0], row[4], row[5]
        if (seq, prev_hash) != expected or seal != sealed(*row[:5]):
            return expected.seq
        expected = Head(seq + 1, seal)
    return None


def since(connection: Connection, seq: int) -> Iterator[Event]:
    """The events after `seq`, in their order. Use it up while the connection is yours."""
    found = connection.execute("SELECT seq, ts_ms, type, json FROM events WHERE seq > ? ORDER BY seq", (seq,))
    for number, ts_ms, kind, json in found:
        yield Event(number, ts_ms, kind, orjson.loads(json))

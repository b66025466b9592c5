"""Is the chain of events whole, and do the trades, the fills and the history say what their events said?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from apsw import Connection

from opentrader.store.sqlite.codec import plain
from opentrader.store.sqlite.read_only import read_store
from opentrader.store.tables import events, history, journal


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`broken_at`: the first event that is not as it was written, or is missing. `strayed`: ids of trades that differ,
    or whose fills or row of the history do, from what their events say. `head`: the hash of the last event, in
    hexadecimal; one that was noted earlier must be found in the chain for ever.
    """

    events: int
    head: str
    broken_at: int | None
    strayed: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """In words, one a line; none when all is whole."""
        chain = () if self.broken_at is None else (f"event {self.broken_at} is missing, or not as it was written",)
        return (*chain, *(f"what is stored of trade {it} is not what its events say" for it in self.strayed))


def verify_audit(data_dir: Path) -> AuditReport | None:
    """Examine the store of a data folder, beside a running daemon or without one; None where there is no store.

    Reads every event. Raises `StorageError` for a store that cannot be read.
    """
    return read_store(data_dir, examine)


def examine(connection: Connection) -> AuditReport:
    """All of it in one state of the store."""
    if not connection.table_exists("main", "events"):  # the daemon of that store kept none
        return AuditReport(0, events.GENESIS.hex(), None, ())
    with connection:
        last = events.head(connection)
        strayed = (*_strayed_trades(connection), *_strayed_fills(connection), *_strayed_history(connection))
        broken_at = events.verify(connection)
    return AuditReport(last.seq, last.hash.hex(), broken_at, strayed)


def _strayed_trades(connection: Connection) -> Iterator[str]:
    for trade_id, seq, digest in journal.digests(connection):
        told = _event(connection, seq)
        if (told.get("trade"), told.get("after")) != (trade_id, digest):
            yield trade_id


def _strayed_fills(connection: Connection) -> Iterator[str]:
    if not connection.table_exists("main", "fills"):  # the daemon of that store kept none
        return
    for trade_id, seq, fill in journal.fills_with_events(connection):
        told = _event(connection, seq)
        if told.get("trade") != trade_id or fill not in told.get("fills", ()):
            yield trade_id
    yield from journal.short_of_fills(connection)


def _strayed_history(connection: Connection) -> Iterator[str]:
    for closed, seq in history.with_events(connection):
        if _event(connection, seq).get("closed") != plain(closed):
            yield closed.id


def _event(connection: Connection, seq: int) -> dict[str, Any]:
    for (json,) in connection.execute("SELECT json FROM events WHERE seq = ?", (seq,)):
        return dict(orjson.loads(json))
    return {}

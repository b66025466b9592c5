"""Verification: the hash chain of the events is intact, and trades, fills and history match their events."""

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
    """`broken_at`: the first changed or missing event. `strayed`: ids of trades whose rows, fills or history do not
    match their events. `head`: the hash of the last event in hexadecimal; an earlier head must remain in the chain.
    """

    events: int
    head: str
    broken_at: int | None
    strayed: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence per fault; empty when everything matches."""
        chain = () if self.broken_at is None else (f"event {self.broken_at} is missing or was changed",)
        return (*chain, *(f"the stored rows of trade {trade} do not match its events" for trade in self.strayed))


def verify_audit(data_dir: Path) -> AuditReport | None:
    """Examine the store of a data folder, whether or not its daemon runs; None where there is no store.

    Reads every event. Raises `StorageError` for an unreadable store.
    """
    return read_store(data_dir, examine)


def examine(connection: Connection) -> AuditReport:
    """Examine one snapshot of the store."""
    if not connection.table_exists("main", "events"):  # a store from before the event log
        return AuditReport(0, events.GENESIS.hex(), None, ())
    with connection:
        last = events.head(connection)
        strayed = (*_strayed_trades(connection), *_strayed_fills(connection), *_strayed_history(connection))
        broken_at = events.verify(connection)
    return AuditReport(last.seq, last.hash.hex(), broken_at, strayed)


def _strayed_trades(connection: Connection) -> Iterator[str]:
    for trade_id, seq, digest in journal.digests(connection):
        event = _event(connection, seq)
        if (event.get("trade"), event.get("after")) != (trade_id, digest):
            yield trade_id


def _strayed_fills(connection: Connection) -> Iterator[str]:
    if not connection.table_exists("main", "fills"):  # a store from before fills were stored
        return
    for trade_id, seq, fill in journal.fills_with_events(connection):
        event = _event(connection, seq)
        if event.get("trade") != trade_id or fill not in event.get("fills", ()):
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

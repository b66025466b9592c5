"""Verification: the hash chain of the events is intact; trades, fills, history and commands match their events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from apsw import Connection

from opentrader.store import archive
from opentrader.store.sqlite.codec import plain
from opentrader.store.sqlite.read_only import read_store
from opentrader.store.tables import archives, commands, events, history, journal
from opentrader.store.tables.events import StoredEvent


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`broken_at`: the first changed or missing event. `strayed`: ids of trades and commands whose rows do not
    match their events. `head`: the hash of the last event in hexadecimal; an earlier head must remain in the chain.
    `unsealed`: what is wrong with the files of archived events.
    """

    events: int
    head: str
    broken_at: int | None
    strayed: tuple[str, ...]
    unsealed: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence per fault; empty when everything matches."""
        chain = () if self.broken_at is None else (f"event {self.broken_at} is missing or was changed",)
        return (
            *self.unsealed,
            *chain,
            *(f"the stored rows of {id_} do not match its events" for id_ in self.strayed),
        )


Told = Callable[[int, int], object]
"""Hears from time to time how many events were verified, and of how many."""


def verify_audit(data_dir: Path, told: Told = lambda done, total: None) -> AuditReport | None:
    """Examine the store of a data folder, whether or not its daemon runs; None where there is no store.

    Reads every event. Raises `StorageError` for an unreadable store.
    """
    return read_store(data_dir, partial(examine, data_dir, told=told))


def examine(data_dir: Path, connection: Connection, told: Told = lambda done, total: None) -> AuditReport:
    """Examine one snapshot of the store, and its files of archived events."""
    if not connection.table_exists("main", "events"):  # a store from before the event log
        return AuditReport(0, events.GENESIS.hex(), None, ())
    with connection:
        last = events.head(connection)
        strayed = tuple(id_ for find in _STRAYED for id_ in find(connection))
        archived, unsealed = _archived(data_dir, connection)
        broken_at = events.verify(connection, archived, lambda seq: told(seq, last.seq))
    return AuditReport(last.seq, last.hash.hex(), broken_at, strayed, unsealed)


def _archived(data_dir: Path, connection: Connection) -> tuple[list[Iterator[StoredEvent]], tuple[str, ...]]:
    """The events of every file that is as it was sealed, and what is wrong with the others."""
    found: list[Iterator[StoredEvent]] = []
    faults: list[str] = []
    if connection.table_exists("main", "archives"):
        for sealed, seq in archives.all_of(connection):
            try:
                found.append(archive.read(data_dir, sealed))
            except archive.BrokenSeal as error:
                faults.append(str(error))
            if _event(connection, seq) != asdict(sealed):
                faults.append(f"the row of {archive.ARCHIVE}/{sealed.file} does not match event {seq}")
    return found, tuple(faults)


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
        if history.ADDED | _event(connection, seq).get("closed", {}) != plain(closed):
            yield closed.id


def _strayed_commands(connection: Connection) -> Iterator[str]:
    if not connection.table_exists("main", "commands"):  # a store from before commands were journaled
        return
    for command_id, seq, told in commands.with_events(connection):
        if _event(connection, seq) != told:
            yield command_id


_STRAYED = (_strayed_trades, _strayed_fills, _strayed_history, _strayed_commands)


def _event(connection: Connection, seq: int) -> dict[str, Any]:
    for (json,) in connection.execute("SELECT json FROM events WHERE seq = ?", (seq,)):
        return dict(orjson.loads(json))
    return {}

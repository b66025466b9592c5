"""The audit log: events of the type `audit`, so that the hash chain also covers who did what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import orjson
from apsw import Connection

from opentrader.domain.trading.ledger import AuditEntry
from opentrader.store.sqlite.codec import parsed, plain
from opentrader.store.sqlite.database import Store
from opentrader.store.tables import events

AUDIT = "audit"
_FILTERS = {"since": "ts_ms >= ?", "action": "json ->> '$.action' = ?", "symbol": "json ->> '$.symbol' = ?"}


class Counted(NamedTuple):
    """How many entries there are up to this event."""

    seq: int
    entries: int


class AuditTable:
    """`domain.trading.ports.AuditStore`."""

    def __init__(self, store: Store) -> None:
        self._store, self._counted = store, Counted(0, 0)

    async def append(self, entry: AuditEntry, *, vital: bool = False) -> int:
        return await self._store.write(partial(append, entry=entry), vital=vital)

    def page(
        self, limit: int, offset: int, *, since: int | None = None, action: str | None = None, symbol: str | None = None
    ) -> tuple[list[AuditEntry], int]:
        """One page of the entries, newest first, and how many match in all. `since`: Unix seconds."""
        given = {"since": since and since * 1000, "action": action, "symbol": symbol}
        wanted = {name: value for name, value in given.items() if value is not None}
        return self._store.read(partial(self._page, limit=limit, offset=offset, wanted=wanted))

    def _page(
        self, connection: Connection, limit: int, offset: int, wanted: dict[str, Any]
    ) -> tuple[list[AuditEntry], int]:
        if not wanted:
            self._counted = counted(connection, self._counted)
        total = count(connection, wanted) if wanted else self._counted.entries
        return page(connection, limit, offset, wanted), total


def append(connection: Connection, entry: AuditEntry) -> int:
    """Add an entry and return its id, which is the seq of its event."""
    body = plain(entry)
    del body["id"]
    return events.append(connection, entry.ts * 1000, AUDIT, body)


def page(connection: Connection, limit: int, offset: int, wanted: dict[str, Any]) -> list[AuditEntry]:
    """The entries that match all filters, newest first."""
    rows = connection.execute(
        f"SELECT seq, json FROM events WHERE {_where(wanted)} ORDER BY seq DESC LIMIT ? OFFSET ?",  # noqa: S608 - the filters above
        (*wanted.values(), limit, offset),
    )
    return [replace(parsed(AuditEntry, orjson.loads(json)), id=seq) for seq, json in rows]


def count(connection: Connection, wanted: dict[str, Any]) -> int:
    """How many entries match all filters."""
    matching = f"SELECT count(*) FROM events WHERE {_where(wanted)}"  # noqa: S608 - the filters above
    return int(connection.execute(matching, tuple(wanted.values())).get)


def counted(connection: Connection, known: Counted) -> Counted:
    """All entries; only those that came after the known ones are read, because none is ever deleted."""
    seq = events.head(connection).seq
    later = connection.execute("SELECT count(*) FROM events WHERE type = 'audit' AND seq > ?", (known.seq,)).get
    return Counted(seq, known.entries + int(later))


def _where(wanted: Iterable[str]) -> str:
    return " AND ".join(("type = 'audit'", *(_FILTERS[name] for name in wanted)))

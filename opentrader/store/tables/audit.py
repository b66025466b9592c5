"""The audit log: events of the type `audit`, so that the hash chain also covers who did what."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import orjson
from apsw import Connection

from opentrader.domain.trading.ledger import AuditEntry
from opentrader.store.sqlite.codec import parsed, plain
from opentrader.store.sqlite.database import Store
from opentrader.store.tables import events

AUDIT = "audit"
_FILTERS = {"since": "ts_ms >= ?", "action": "json ->> '$.action' = ?", "symbol": "json ->> '$.symbol' = ?"}


class AuditTable:
    """`domain.trading.ports.AuditStore`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def append(self, entry: AuditEntry, *, vital: bool = False) -> int:
        return await self._store.write(partial(append, entry=entry), vital=vital)

    def page(
        self, limit: int, offset: int, *, since: int | None = None, action: str | None = None, symbol: str | None = None
    ) -> tuple[list[AuditEntry], int]:
        read = partial(page, limit=limit, offset=offset, since=since, action=action, symbol=symbol)
        return self._store.read(read)


def append(connection: Connection, entry: AuditEntry) -> int:
    """Add an entry and return its id, which is the seq of its event."""
    body = plain(entry)
    del body["id"]
    return events.append(connection, entry.ts * 1000, AUDIT, body)


def page(
    connection: Connection,
    limit: int,
    offset: int,
    *,
    since: int | None = None,
    action: str | None = None,
    symbol: str | None = None,
) -> tuple[list[AuditEntry], int]:
    """One page of the entries, newest first, and how many match in all. `since`: Unix seconds."""
    given = {"since": since and since * 1000, "action": action, "symbol": symbol}
    wanted = {name: value for name, value in given.items() if value is not None}
    where = " AND ".join(("type = 'audit'", *(_FILTERS[name] for name in wanted)))
    bindings = tuple(wanted.values())
    total = connection.execute(f"SELECT count(*) FROM events WHERE {where}", bindings).get  # noqa: S608 - the filters above
    rows = connection.execute(
        f"SELECT seq, json FROM events WHERE {where} ORDER BY seq DESC LIMIT ? OFFSET ?",  # noqa: S608 - the filters above
        (*bindings, limit, offset),
    )
    return [replace(parsed(AuditEntry, orjson.loads(json)), id=seq) for seq, json in rows], int(total)

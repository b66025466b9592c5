"""The audit: events of the type `audit`, so that the chain seals who did what as well."""

from __future__ import annotations

from dataclasses import replace

import orjson
from apsw import Connection

from opentrader.domain.trading.ledger import AuditEntry
from opentrader.store.sqlite.codec import parsed, plain
from opentrader.store.tables import events

AUDIT = "audit"
_FILTERS = {"since": "ts_ms >= ?", "action": "json ->> '$.action' = ?", "symbol": "json ->> '$.symbol' = ?"}


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
    """The entries at or after `since` (Unix seconds) with this action and symbol, newest first; how many in all."""
    given = {"since": since and since * 1000, "action": action, "symbol": symbol}
    wanted = {name: value for name, value in given.items() if value is not None}
    where = " AND ".join(("type = 'audit'", *(_FILTERS[name] for name in wanted)))
    bindings = tuple(wanted.values())
    total = connection.execute(f"SELECT count(*) FROM events WHERE {where}", bindings).get  # noqa: S608 - ours
    rows = connection.execute(
        f"SELECT seq, json FROM events WHERE {where} ORDER BY seq DESC LIMIT ? OFFSET ?",  # noqa: S608 - ours
        (*bindings, limit, offset),
    )
    return [replace(parsed(AuditEntry, orjson.loads(json)), id=seq) for seq, json in rows], int(total)

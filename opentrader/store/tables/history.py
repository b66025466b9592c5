"""Closed trades: one row each, its columns the fields of `ClosedTrade`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

import orjson
from apsw import Connection

from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.store.sqlite.codec import parsed, plain, text
from opentrader.store.tables import events

COLUMNS = tuple(field.name for field in fields(ClosedTrade))
_NAMES = ", ".join(COLUMNS)
_PUT = f"({_NAMES}, seq) VALUES ({', '.join('?' * len(COLUMNS))}, ?)"


def put(connection: Connection, closed: ClosedTrade, seq: int) -> None:
    """Store the row in place of the one with its id; `seq` is the event that tells of it."""
    connection.execute(f"INSERT OR REPLACE INTO history {_PUT}", (*_values(closed), seq))


def add(connection: Connection, trades: Sequence[ClosedTrade], at_ms: int) -> list[ClosedTrade]:
    """Store, each with an event, those whose id is not there yet, and return them."""
    return [closed for closed in trades if _add(connection, closed, at_ms)]


def page(connection: Connection, limit: int, offset: int) -> list[ClosedTrade]:
    """Newest `closed_at` first; of equals the larger id first."""
    return _rows(connection, "ORDER BY closed_at DESC, id DESC LIMIT ? OFFSET ?", limit, offset)


def total(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM history").get)


def counted(connection: Connection) -> list[ClosedTrade]:
    """All that belong into the statistics, newest first."""
    return _rows(connection, "WHERE counted ORDER BY closed_at DESC, id DESC")


def with_events(connection: Connection) -> Iterator[tuple[ClosedTrade, int]]:
    """Every row and the seq of its event. Use it up while the connection is yours."""
    for *values, seq in connection.execute(f"SELECT {_NAMES}, seq FROM history"):  # noqa: S608 - field names
        yield _closed(values), seq


def _add(connection: Connection, closed: ClosedTrade, at_ms: int) -> bool:
    if connection.execute("SELECT count(*) FROM history WHERE id = ?", (closed.id,)).get:
        return False
    put(connection, closed, events.append(connection, at_ms, "trade.imported", {"closed": closed}))
    return True


def _values(closed: ClosedTrade) -> list[object]:
    """What is no number and no text is JSON."""
    told = plain(closed)
    return [text(told[name]) if isinstance(told[name], list) else told[name] for name in COLUMNS]


def _closed(values: Sequence[object]) -> ClosedTrade:
    told = dict(zip(COLUMNS, values, strict=True))
    told["cancelled_orders"] = orjson.loads(str(told["cancelled_orders"]))
    told["counted"] = bool(told["counted"])
    return parsed(ClosedTrade, told)


def _rows(connection: Connection, clauses: str, *bindings: object) -> list[ClosedTrade]:
    rows = connection.execute(f"SELECT {_NAMES} FROM history {clauses}", bindings)  # noqa: S608 - field names
    return [_closed(row) for row in rows]

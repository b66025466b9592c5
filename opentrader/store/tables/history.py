"""Closed trades, one row each: the fields of `ClosedTrade`, and `seq`, the event that recorded it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from apsw import Connection

from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.ports import Change
from opentrader.store.sqlite.codec import text
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.rows import Rows
from opentrader.store.tables import events

HISTORY = Rows("history", ClosedTrade, beside=("seq",))

ADDED: dict[str, Any] = {"fees_known": False, "left_over": None}
"""What version 4 of the store added to a row, as rows and events of earlier versions are read."""
_EARLIER = Rows("history", ClosedTrade, beside=("seq",), lacking=tuple(ADDED))


class HistoryTable:
    """`domain.trading.ports.History`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, limit: int, offset: int) -> list[ClosedTrade]:
        return self._store.read(partial(page, limit=limit, offset=offset))

    def total(self) -> int:
        return self._store.read(total)

    def since(self, seq: int) -> tuple[list[ClosedTrade], int]:
        return self._store.read(partial(since, seq=seq))

    def recent(self, since: int, ids: Iterable[str]) -> list[ClosedTrade]:
        return self._store.read(partial(recent, since=since, ids=tuple(ids)))

    def of(self, ids: Iterable[str]) -> list[ClosedTrade]:
        return self._store.read(partial(of, ids=tuple(ids)))

    async def add(self, trades: Sequence[ClosedTrade], at_ms: int, *, also: Sequence[Change] = ()) -> list[ClosedTrade]:
        return await self._store.write(partial(add, trades=trades, at_ms=at_ms), also)

    def adding(self, trades: Sequence[ClosedTrade], at_ms: int) -> Change:
        return partial(add, trades=trades, at_ms=at_ms)


def put(connection: Connection, closed: ClosedTrade, seq: int) -> None:
    """Store the row in place of an earlier one with its id; `seq`: the event that records it."""
    HISTORY.put(connection, closed, seq=seq)


def add(connection: Connection, trades: Sequence[ClosedTrade], at_ms: int) -> list[ClosedTrade]:
    """Store the trades whose id is new, or that make a provisional row exact, each with an event; return those."""
    return [closed for closed in trades if _add(connection, closed, at_ms)]


def page(connection: Connection, limit: int, offset: int) -> list[ClosedTrade]:
    """Newest `closed_at` first, then the larger id first."""
    return HISTORY.select(connection, "ORDER BY closed_at DESC, id DESC LIMIT ? OFFSET ?", limit, offset)


def total(connection: Connection) -> int:
    """The number of closed trades."""
    return int(connection.execute("SELECT count(*) FROM history").get)


def since(connection: Connection, seq: int) -> tuple[list[ClosedTrade], int]:
    """The rows whose event came after this one, in that order, and the seq of the last; by an index."""
    found = list(HISTORY.select_beside(connection, "WHERE seq > ? ORDER BY seq", seq))
    return [closed for closed, _ in found], found[-1][1]["seq"] if found else seq


def recent(connection: Connection, since: int, ids: Sequence[str]) -> list[ClosedTrade]:
    """The counted rows that closed at this Unix second or later, and those with one of the ids; both by an index."""
    return HISTORY.select(
        connection,
        "WHERE counted AND (closed_at >= ? OR id IN (SELECT value FROM json_each(?)))",
        since,
        text(list(ids)),
    )


def of(connection: Connection, ids: Iterable[str]) -> list[ClosedTrade]:
    """The rows of these trades, by symbol, then by id."""
    chosen = "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY symbol, id"
    return HISTORY.select(connection, chosen, text(list(ids)))


def with_events(connection: Connection) -> Iterator[tuple[ClosedTrade, int]]:
    """Every row and the seq of its event, in a store of any version. Exhaust it before you give the connection back."""
    columns = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info('history')")}
    rows = HISTORY if columns.issuperset(ADDED) else _EARLIER
    return ((closed, beside["seq"]) for closed, beside in rows.select_beside(connection))


def _add(connection: Connection, closed: ClosedTrade, at_ms: int) -> bool:
    known = HISTORY.select(connection, "WHERE id = ?", closed.id)
    if known and not (known[0].provisional and closed.fees_known):
        return False
    put(connection, closed, events.append(connection, at_ms, "trade.imported", {"closed": closed}))
    return True

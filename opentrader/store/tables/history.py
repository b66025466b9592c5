"""Closed trades, one row each: the fields of `ClosedTrade`, and `seq`, the event that recorded it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from apsw import Connection

from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.ports import Change
from opentrader.store.sqlite.codec import text
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.rows import Rows
from opentrader.store.tables import events

HISTORY = Rows("history", ClosedTrade, beside=("seq",))


class HistoryTable:
    """`domain.trading.ports.History`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, limit: int, offset: int) -> list[ClosedTrade]:
        return self._store.read(partial(page, limit=limit, offset=offset))

    def total(self) -> int:
        return self._store.read(total)

    def all(self) -> list[ClosedTrade]:
        return self._store.read(counted)

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
    """Store the trades whose id is new, each with an event, and return those."""
    return [closed for closed in trades if _add(connection, closed, at_ms)]


def page(connection: Connection, limit: int, offset: int) -> list[ClosedTrade]:
    """Newest `closed_at` first, then the larger id first."""
    return HISTORY.select(connection, "ORDER BY closed_at DESC, id DESC LIMIT ? OFFSET ?", limit, offset)


def total(connection: Connection) -> int:
    """The number of closed trades."""
    return int(connection.execute("SELECT count(*) FROM history").get)


def counted(connection: Connection) -> list[ClosedTrade]:
    """All that count in the statistics, newest first."""
    return HISTORY.select(connection, "WHERE counted ORDER BY closed_at DESC, id DESC")


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
    """Every row and the seq of its event. Exhaust it before you give the connection back."""
    return ((closed, beside["seq"]) for closed, beside in HISTORY.select_beside(connection))


def _add(connection: Connection, closed: ClosedTrade, at_ms: int) -> bool:
    if connection.execute("SELECT count(*) FROM history WHERE id = ?", (closed.id,)).get:
        return False
    put(connection, closed, events.append(connection, at_ms, "trade.imported", {"closed": closed}))
    return True

"""The latest trend of each symbol and timeframe. Instants are whole Unix seconds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from apsw import Connection

from opentrader.domain.analysis.trend import TrendRecord
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.rows import Rows

TRENDS = Rows("trends", TrendRecord, beside=("stored_at",))


class TrendTable:
    """`domain.ports.TrendStore`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> list[TrendRecord]:
        return self._store.read(rows)

    async def keep(self, records: list[TrendRecord], stored_at: int) -> None:
        await self._store.write(partial(put, records=records, stored_at=stored_at))


def put(connection: Connection, records: Iterable[TrendRecord], stored_at: int) -> None:
    """Store each trend in place of the earlier one of its symbol and timeframe; `stored_at`: when it was received."""
    for record in records:
        TRENDS.put(connection, record, stored_at=stored_at)


def rows(connection: Connection) -> list[TrendRecord]:
    """All trends, by symbol and then by the text of the timeframe."""
    return TRENDS.select(connection, "ORDER BY symbol, timeframe")

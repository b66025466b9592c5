"""Entries executed on each UTC day of market time, counted from the last reset of the day."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from apsw import Connection

from opentrader.domain.timeframes import DAY_MS
from opentrader.domain.trading.ports import Change
from opentrader.store.sqlite.database import Store


class EntryCountTable:
    """`domain.trading.ports.EntryCountStore`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def trades_today(self, market_ms: int) -> int:
        return self._store.read(partial(trades_today, market_ms=market_ms))

    def executing(self, trade_id: str, market_ms: int) -> Change:
        return partial(execute, trade_id=trade_id, market_ms=market_ms)

    async def reset(self, market_ms: int, *, also: Sequence[Change] = ()) -> tuple[int, int]:
        return await self._store.write(partial(reset, market_ms=market_ms), also)


def execute(connection: Connection, trade_id: str, market_ms: int) -> None:
    """Count the entry of a trade for the day; a second call for the same trade changes nothing."""
    connection.execute(
        "INSERT INTO executions (trade_id, day) VALUES (?, ?) ON CONFLICT (trade_id) DO NOTHING",
        (trade_id, market_ms // DAY_MS),
    )


def trades_today(connection: Connection, market_ms: int) -> int:
    """Entries executed since 00:00 UTC or the last reset of the day."""
    found = connection.execute(
        "SELECT count(*) FROM executions WHERE day = ?1"
        " AND id > coalesce((SELECT last FROM resets WHERE resets.day = ?1), 0)",
        (market_ms // DAY_MS,),
    )
    return int(found.get)


def reset(connection: Connection, market_ms: int) -> tuple[int, int]:
    """Restart the count of the day at zero. Returns the count before and after."""
    before = trades_today(connection, market_ms)
    connection.execute(
        "INSERT OR REPLACE INTO resets (day, last) SELECT ?, coalesce(max(id), 0) FROM executions",
        (market_ms // DAY_MS,),
    )
    return before, trades_today(connection, market_ms)

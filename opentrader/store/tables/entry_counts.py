"""The entries executed on each UTC day of market time, and from where on they are counted."""

from __future__ import annotations

from apsw import Connection

from opentrader.domain.timeframes import DAY_MS


def execute(connection: Connection, trade_id: str, market_ms: int) -> None:
    """Count the entry of a trade for the day, once for all."""
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
    """Count anew from here on; the number before and after."""
    before = trades_today(connection, market_ms)
    connection.execute(
        "INSERT OR REPLACE INTO resets (day, last) SELECT ?, coalesce(max(id), 0) FROM executions",
        (market_ms // DAY_MS,),
    )
    return before, trades_today(connection, market_ms)

"""The last trend of each symbol and timeframe. Instants are whole Unix seconds."""

from __future__ import annotations

from typing import NamedTuple

from apsw import Connection


class Row(NamedTuple):
    """`score`: JSON text. `timestamp`: the instant the trend speaks of. `stored_at`: when it came in."""

    symbol: str
    timeframe: str
    source: str
    type: str
    trend: str
    score: str
    timestamp: int
    stored_at: int


def put(
    connection: Connection,
    symbol: str,
    timeframe: str,
    *,
    source: str,
    type: str,
    trend: str,
    score: str,
    timestamp: int,
    stored_at: int,
) -> None:
    """Store the trend of a symbol on a timeframe in place of the one that it had."""
    connection.execute(
        "INSERT OR REPLACE INTO trends (symbol, timeframe, source, type, trend, score, timestamp, stored_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (symbol, timeframe, source, type, trend, score, timestamp, stored_at),
    )


def rows(connection: Connection) -> list[Row]:
    """All trends, by symbol and then by the text of the timeframe."""
    found = connection.execute(
        "SELECT symbol, timeframe, source, type, trend, score, timestamp, stored_at"
        " FROM trends ORDER BY symbol, timeframe"
    )
    return [Row(*row) for row in found]

"""Signals, one a pair, and the bar that each bot last signalled. Instants are whole Unix seconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from apsw import Connection


class Row(NamedTuple):
    """`direction`: buy, sell. `status`: pending, consumed, skipped, expired. `body`: the rest, JSON text."""

    pair: str
    direction: str
    bot: str
    status: str
    notified: bool
    created_at: int
    updated_at: int
    expires_at: int
    body: str


def put(
    connection: Connection,
    pair: str,
    *,
    direction: str,
    bot: str,
    status: str,
    notified: bool,
    created_at: int,
    updated_at: int,
    expires_at: int,
    body: str,
) -> None:
    """Store the signal of a pair in place of the one that it had."""
    connection.execute(
        "INSERT OR REPLACE INTO signals"
        " (pair, direction, bot, status, notified, created_at, updated_at, expires_at, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (pair, direction, bot, status, notified, created_at, updated_at, expires_at, body),
    )


def rows(connection: Connection) -> list[Row]:
    """All signals, whatever their status: the last created first, then by pair."""
    found = connection.execute(
        "SELECT pair, direction, bot, status, notified, created_at, updated_at, expires_at, body"
        " FROM signals ORDER BY created_at DESC, pair"
    )
    return [Row(*row)._replace(notified=bool(row[4])) for row in found]


def delete(connection: Connection, pairs: Iterable[str]) -> None:
    """Forget the signals of these pairs; pairs without one are passed over."""
    connection.executemany("DELETE FROM signals WHERE pair = ?", ((pair,) for pair in pairs))


def abandon(connection: Connection, at: int) -> list[str]:
    """Expire all that is pending as of this Unix second and forget the bars of all bots; the pairs that expired."""
    found = connection.execute(
        "UPDATE signals SET status = 'expired', updated_at = ? WHERE status = 'pending' RETURNING pair", (at,)
    )
    pairs = sorted(pair for (pair,) in found)
    connection.execute("DELETE FROM signal_bars")
    return pairs


def put_bar(connection: Connection, pair: str, bot: str, ts_ms: int) -> None:
    """Remember the closed bar, by its opening in Unix milliseconds, that `bot` has signalled on `pair`."""
    connection.execute("INSERT OR REPLACE INTO signal_bars (pair, bot, ts_ms) VALUES (?, ?, ?)", (pair, bot, ts_ms))


def bars(connection: Connection) -> dict[tuple[str, str], int]:
    """(pair, bot) -> opening of the bar last signalled, Unix milliseconds."""
    found = connection.execute("SELECT pair, bot, ts_ms FROM signal_bars")
    return {(pair, bot): ts_ms for pair, bot, ts_ms in found}

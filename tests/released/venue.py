"""`paper.db` of the released daemon, read beside a running daemon or changed by hand while none runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw


def orders(folder: Path) -> list[Any]:
    """Every order that the exchange was ever sent, as it stands."""
    return _rows(folder, "SELECT id, list_id, cid, symbol, side, type, qty, px, stop_px, status, cum FROM orders")


def open_cids(folder: Path, symbol: str = "%") -> list[str]:
    """The client ids of the open orders, of one symbol or of all."""
    rows = _rows(folder, "SELECT cid FROM orders WHERE status = 'OPEN' AND symbol LIKE ? ORDER BY cid", symbol)
    return [cid for (cid,) in rows]


def withdraw(folder: Path, coin: str, at_ms: int) -> str:
    """What an owner can do beside the daemon: cancel the orders of a coin and take all of it away. The amount."""
    with changing(folder / "paper.db") as connection:
        amount = str(connection.execute("SELECT amount FROM totals WHERE asset = ?", (coin,)).get)
        connection.execute(
            "UPDATE orders SET status = 'CANCELED', closed_at = ?1, updated_at = ?1"
            " WHERE base = ?2 AND status = 'OPEN'",
            (at_ms, coin),
        )
        _transfer(connection, coin, f"-{amount}", at_ms, total="0")
    return amount


def give_back(folder: Path, coin: str, amount: str, at_ms: int) -> None:
    with changing(folder / "paper.db") as connection:
        _transfer(connection, coin, amount, at_ms, total=amount)


@contextmanager
def changing(database: Path) -> Iterator[apsw.Connection]:
    """One transaction by hand in a database that no process uses."""
    with closing(apsw.Connection(str(database))) as connection, connection:
        yield connection


def _transfer(connection: apsw.Connection, coin: str, amount: str, at_ms: int, *, total: str) -> None:
    connection.execute("INSERT INTO transfers (asset, amount, at) VALUES (?, ?, ?)", (coin, amount, at_ms))
    connection.execute("UPDATE totals SET amount = ? WHERE asset = ?", (total, coin))


def _rows(folder: Path, sql: str, *values: object) -> list[Any]:
    database = apsw.Connection(str(folder / "paper.db"), flags=apsw.SQLITE_OPEN_READONLY)
    with closing(database) as connection:
        return list(connection.execute(sql, values))

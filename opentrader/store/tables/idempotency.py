"""Idempotency keys: the request that each stands for, and the answer once there is one."""

from __future__ import annotations

from apsw import Connection

from opentrader.domain.trading.ledger import IDEMPOTENCY_SECONDS, KeyTaken, Remembered, Reservation

_SELECT = "SELECT key, method, path, fingerprint, created_at, intent_id, state, status, body FROM idempotency"
# A running request may come to an answer as long as its trade is open: its key is not given away before.
_OVER = (
    "created_at <= ? AND (state = 'done' OR NOT EXISTS"
    " (SELECT 1 FROM trades WHERE trades.id = intent_id AND ended_ms IS NULL))"
)


def reserve(connection: Connection, reservation: Reservation) -> None:
    """Take the key. Raises `KeyTaken` if another request, or the same one before, has it."""
    new = reservation
    expire(connection, new.created_at)
    if (found := lookup(connection, new.key, new.created_at)) is not None:
        raise KeyTaken(found)
    connection.execute(
        "INSERT INTO idempotency (key, method, path, fingerprint, created_at, intent_id, state)"
        " VALUES (?, ?, ?, ?, ?, ?, 'running')",
        (new.key, new.method, new.path, new.fingerprint, new.created_at, new.intent_id),
    )


def finish(connection: Connection, key: str, status: int, body: bytes) -> None:
    """Keep the answer to a reserved key; a key that is not reserved is passed over."""
    connection.execute("UPDATE idempotency SET state = 'done', status = ?, body = ? WHERE key = ?", (status, body, key))


def forget(connection: Connection, key: str) -> None:
    connection.execute("DELETE FROM idempotency WHERE key = ?", (key,))


def expire(connection: Connection, at: int) -> int:
    """Drop what is too old at this Unix second; how many that were."""
    connection.execute(f"DELETE FROM idempotency WHERE {_OVER}", (at - IDEMPOTENCY_SECONDS,))  # noqa: S608 - ours
    return connection.changes()


def lookup(connection: Connection, key: str, at: int) -> Remembered | None:
    """What the key stands for at this Unix second."""
    found = _rows(connection, f"WHERE key = ? AND NOT ({_OVER})", key, at - IDEMPOTENCY_SECONDS)
    return next(iter(found), None)


def running(connection: Connection) -> list[Remembered]:
    """The keys without an answer, oldest first."""
    return _rows(connection, "WHERE state = 'running' ORDER BY created_at, key")


def _rows(connection: Connection, clauses: str, *bindings: object) -> list[Remembered]:
    rows = connection.execute(f"{_SELECT} {clauses}", bindings)
    return [Remembered(Reservation(*row[:6]), *row[6:]) for row in rows]

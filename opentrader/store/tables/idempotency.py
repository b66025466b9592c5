"""Idempotency keys: the request that each belongs to, and the answer once there is one."""

from __future__ import annotations

from functools import partial

from apsw import Connection

from opentrader.domain.trading.ledger import IDEMPOTENCY_SECONDS, KeyTaken, Remembered, Reservation
from opentrader.domain.trading.ports import Change
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.rows import Rows

RESERVATIONS = Rows("idempotency", Reservation, beside=("state", "status", "body"))
# A running request can still be answered as long as a trade that it is about is open: its key stays taken.
_EXPIRED = (
    "created_at <= ? AND (state = 'done' OR NOT EXISTS (SELECT 1 FROM trades WHERE ended_ms IS NULL AND id IN"
    " (SELECT intent_id UNION SELECT value FROM commands, json_each(commands.trades) WHERE commands.id = intent_id)))"
)


class IdempotencyTable:
    """`domain.trading.ports.IdempotencyStore`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def reserve(self, reservation: Reservation, *, vital: bool = False) -> None:
        await self._store.write(self.reserving(reservation), vital=vital)

    def reserving(self, reservation: Reservation) -> Change:
        return partial(reserve, reservation=reservation)

    async def finish(self, key: str, status: int, body: bytes, *, vital: bool = False) -> None:
        await self._store.write(self.finishing(key, status, body), vital=vital)

    def finishing(self, key: str, status: int, body: bytes) -> Change:
        return partial(finish, key=key, status=status, body=body)

    async def begun(self, key: str) -> str:
        return await self._store.write(partial(begun, key=key), vital=True)

    async def forget(self, key: str, *, vital: bool = False) -> None:
        await self._store.write(partial(forget, key=key), vital=vital)

    async def release(self, key: str, intent_id: str) -> None:
        await self._store.write(partial(release, key=key, intent_id=intent_id))

    async def expire(self, at: int) -> int:
        return await self._store.write(partial(expire, at=at))


def reserve(connection: Connection, reservation: Reservation) -> None:
    """Take the key. Raises `KeyTaken` if an earlier request has it."""
    expire(connection, reservation.created_at)
    if (found := lookup(connection, reservation.key, reservation.created_at)) is not None:
        raise KeyTaken(found)
    RESERVATIONS.insert(connection, reservation, state="running", status=None, body=None)


def finish(connection: Connection, key: str, status: int, body: bytes) -> None:
    """Store the answer to a reserved key; a key that is not reserved is skipped."""
    connection.execute("UPDATE idempotency SET state = 'done', status = ?, body = ? WHERE key = ?", (status, body, key))


def bind(connection: Connection, key: str, intent_id: str) -> str:
    """Bind a reserved key to what its request begins; returns the fingerprint of the request, if there is one.

    Raises `KeyTaken` if the key is bound already: an earlier attempt, whose caller gave up, was only slow.
    """
    found = next(iter(RESERVATIONS.select_beside(connection, "WHERE key = ?", key)), None)
    if found is None:
        return ""
    reservation, answer = found
    if reservation.intent_id:
        raise KeyTaken(Remembered(reservation, **answer))
    connection.execute("UPDATE idempotency SET intent_id = ? WHERE key = ?", (intent_id, key))
    return reservation.fingerprint


def begun(connection: Connection, key: str) -> str:
    """What the key is bound to; empty if to nothing."""
    return str(connection.execute("SELECT intent_id FROM idempotency WHERE key = ?", (key,)).get or "")


def forget(connection: Connection, key: str) -> None:
    """Free the key of a request that began nothing; a bound key stays, and so does a stored answer."""
    connection.execute("DELETE FROM idempotency WHERE key = ? AND state = 'running' AND intent_id = ''", (key,))


def release(connection: Connection, key: str, intent_id: str) -> None:
    """Unbind the key from this intent."""
    connection.execute("UPDATE idempotency SET intent_id = '' WHERE key = ? AND intent_id = ?", (key, intent_id))


def expire(connection: Connection, at: int) -> int:
    """Delete the keys that have expired at this Unix second. Returns how many."""
    connection.execute(f"DELETE FROM idempotency WHERE {_EXPIRED}", (at - IDEMPOTENCY_SECONDS,))  # noqa: S608 - ours
    return connection.changes()


def lookup(connection: Connection, key: str, at: int) -> Remembered | None:
    """The request and answer under a key at this Unix second, None for a free one."""
    where = f"WHERE key = ? AND NOT ({_EXPIRED})"
    for reservation, answer in RESERVATIONS.select_beside(connection, where, key, at - IDEMPOTENCY_SECONDS):
        return Remembered(reservation, **answer)
    return None

"""Commands, one row each: the fields of `Command`, the fingerprint of the request, and `seq`, the event of the row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from apsw import Connection

from opentrader.domain.trading.ledger import Command
from opentrader.domain.trading.ports import Change
from opentrader.store.sqlite.codec import plain
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.rows import Rows
from opentrader.store.tables import events, idempotency

COMMANDS = Rows("commands", Command, beside=("fingerprint", "seq"))
EVENT = "command"


class CommandTable:
    """`domain.trading.ports.CommandStore`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def command(self, id: str) -> Command | None:
        return self._store.read(partial(command, id=id))

    def closealls(self, since_ms: int) -> list[Command]:
        return self._store.read(partial(closealls, since_ms=since_ms))

    def journaling(self, command: Command) -> Change:
        return partial(journal, command=command)

    def binding(self, idem_key: str, intent_id: str) -> Change:
        return partial(idempotency.bind, key=idem_key, intent_id=intent_id)


def journal(connection: Connection, command: Command) -> None:
    """Store a command with its event, and bind its key to it. Raises `KeyTaken` if the key is bound already."""
    fingerprint = idempotency.bind(connection, command.idem_key, command.id)
    seq = events.append(connection, command.at_ms, EVENT, {"command": command, "fingerprint": fingerprint})
    COMMANDS.insert(connection, command, fingerprint=fingerprint, seq=seq)


def command(connection: Connection, id: str) -> Command | None:
    return next(iter(COMMANDS.select(connection, "WHERE id = ?", id)), None)


def closealls(connection: Connection, since_ms: int) -> list[Command]:
    """Those of this instant or later, oldest first."""
    kinds = "kind IN ('closeall', 'closeall_pending')"
    return COMMANDS.select(connection, f"WHERE {kinds} AND at_ms >= ? ORDER BY at_ms, id", since_ms)


def with_events(connection: Connection) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Every command: its id, the seq of its event, and what that has to say of it."""
    for stored, beside in COMMANDS.select_beside(connection):
        yield stored.id, beside["seq"], {"command": plain(stored), "fingerprint": beside["fingerprint"]}

"""Halt, closeall, cooldowns, and the four characters that mark our client order ids."""

from __future__ import annotations

import secrets
import string

from apsw import Connection

from opentrader.domain.trading.ledger import Control
from opentrader.store.tables import settings as choices

INSTANCE = "instance"
INSTANCE_LENGTH = 4
_ALPHABET = string.ascii_letters + string.digits


def put(connection: Connection, control: Control) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO control (id, halted, reason, since, closeall_since) VALUES (1, ?, ?, ?, ?)",
        (control.halted, control.reason, control.since, control.closeall_since),
    )


def row(connection: Connection) -> Control:
    """What was put last; nothing is halted before."""
    for halted, *others in connection.execute("SELECT halted, reason, since, closeall_since FROM control"):
        return Control(bool(halted), *others)
    return Control()


def cool(connection: Connection, key: str, until_ms: int) -> None:
    """Set the end of a cooldown, in milliseconds of market time."""
    connection.execute("INSERT OR REPLACE INTO cooldowns (key, until_ms) VALUES (?, ?)", (key, until_ms))


def cooldowns(connection: Connection) -> dict[str, int]:
    """Key -> end; those that are over as well."""
    return dict(connection.execute("SELECT key, until_ms FROM cooldowns"))


def instance(connection: Connection) -> str:
    """Chosen at the first call, and kept."""
    fresh = "".join(secrets.choice(_ALPHABET) for _ in range(INSTANCE_LENGTH))
    return choices.keep(connection, INSTANCE, fresh)

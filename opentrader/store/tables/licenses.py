"""The license of this installation: one row, or none. Instants are whole Unix seconds."""

from __future__ import annotations

from typing import NamedTuple

from apsw import Connection


class Row(NamedTuple):
    """`expires_at` None: never. `mac`: the seal over the other fields; whoever reads the row checks it."""

    code: str
    email: str | None
    name: str | None
    plan: str
    machine_id: str
    activated_at: int
    expires_at: int | None
    mac: bytes


def put(
    connection: Connection,
    *,
    code: str,
    email: str | None,
    name: str | None,
    plan: str,
    machine_id: str,
    activated_at: int,
    expires_at: int | None,
    mac: bytes,
) -> None:
    """Store the license in place of the one that was there."""
    connection.execute(
        "INSERT OR REPLACE INTO licence"
        " (id, code, email, name, plan, machine_id, activated_at, expires_at, mac)"
        " VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
        (code, email, name, plan, machine_id, activated_at, expires_at, mac),
    )


def row(connection: Connection) -> Row | None:
    """The license as it was stored, None before the first."""
    for found in connection.execute(
        "SELECT code, email, name, plan, machine_id, activated_at, expires_at, mac FROM licence"
    ):
        return Row(*found)
    return None

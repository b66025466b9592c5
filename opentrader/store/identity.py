"""The identity of this installation: an id and a secret, created with the data folder and stored in it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from apsw import Connection

from opentrader.store.sqlite.database import Store
from opentrader.store.tables import settings

_SYSTEM_ID = Path("/etc/machine-id")


@dataclass(frozen=True, slots=True)
class Identity:
    """`machine_id` is public; `secret` seals the license and is never logged or returned."""

    machine_id: str
    secret: bytes = field(repr=False)


async def identity_of(store: Store) -> Identity:
    """The identity of the data folder, created at its first start.

    The id is a random part and a hash of the operating system's machine id. It is stored in the data folder, so a
    container that changes its host name and network address remains the same installation.
    """
    fresh = f"{secrets.token_hex(8)}-{hashlib.sha256(_system_id()).hexdigest()[:8]}"
    machine_id, secret = await store.write(partial(_stored, fresh, secrets.token_hex(32)), vital=True)
    return Identity(machine_id, bytes.fromhex(secret))


def _stored(machine_id: str, secret: str, connection: Connection) -> tuple[str, str]:
    return settings.keep(connection, "machine_id", machine_id), settings.keep(connection, "secret", secret)


def _system_id() -> bytes:
    try:
        return _SYSTEM_ID.read_bytes()
    except OSError:
        return b""

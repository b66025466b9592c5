"""Who this installation is: an id and a secret that the data folder keeps from its first start."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from apsw import Connection

from opentrader.store.sqlite.database import Store
from opentrader.store.tables import settings as choices

_SYSTEM_ID = Path("/etc/machine-id")


@dataclass(frozen=True, slots=True)
class Identity:
    """`machine_id` may be shown; `secret` seals the license and is never shown."""

    machine_id: str
    secret: bytes = field(repr=False)


async def identity_of(store: Store) -> Identity:
    """The identity of the data folder, chosen at its first start.

    The id joins a random part with a hash of the system's own id: a container may change its host name and its
    network address, and is still the same installation as long as it keeps its data.
    """
    fresh = f"{secrets.token_hex(8)}-{hashlib.sha256(_system_id()).hexdigest()[:8]}"
    machine_id, secret = await store.write(partial(_kept, fresh, secrets.token_hex(32)))
    return Identity(machine_id, bytes.fromhex(secret))


def _kept(machine_id: str, secret: str, connection: Connection) -> tuple[str, str]:
    return choices.keep(connection, "machine_id", machine_id), choices.keep(connection, "secret", secret)


def _system_id() -> bytes:
    try:
        return _SYSTEM_ID.read_bytes()
    except OSError:
        return b""

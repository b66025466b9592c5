"""The license of this installation, one row or none, and the latest wall time seen. Instants are Unix seconds."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import partial

from apsw import Connection

from opentrader.domain.license import License
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.rows import Rows
from opentrader.store.tables import settings

CLOCK_HIGH_WATER = "clock_high_water"
LICENSES = Rows("licence", License, beside=("id", "mac"), renamed={"key": "code"})
_ID = 1


@dataclass(frozen=True, slots=True)
class SealedLicense:
    """A stored license; `mac` is the seal over its fields."""

    license: License
    mac: bytes

    def intact(self, machine_id: str, secret: bytes) -> bool:
        """Whether this installation sealed the row and it was not edited since."""
        return self.license.machine_id == machine_id and hmac.compare_digest(self.mac, self.license.seal(secret))


class LicenseTable:
    """`domain.ports.LicenseStore`. `secret` seals the row; a row with a broken seal counts as no license."""

    def __init__(self, store: Store, *, machine_id: str, secret: bytes) -> None:
        self._store, self._machine_id, self._secret = store, machine_id, secret

    def load(self) -> tuple[License, float]:
        sealed, high_water = self._store.read(lambda connection: (row(connection), clock_high_water(connection)))
        intact = sealed is not None and sealed.intact(self._machine_id, self._secret)
        return sealed.license if sealed is not None and intact else License(self._machine_id), high_water or 0.0

    async def keep(self, license: License) -> None:
        await self._store.write(partial(put, sealed=SealedLicense(license, license.seal(self._secret))))

    async def keep_clock(self, at: float) -> None:
        await self._store.write(partial(settings.put, key=CLOCK_HIGH_WATER, text=repr(at)))


def put(connection: Connection, sealed: SealedLicense) -> None:
    """Store the license in place of the earlier one. Raises `apsw.ConstraintError` for one without a key."""
    LICENSES.put(connection, sealed.license, id=_ID, mac=sealed.mac)


def row(connection: Connection) -> SealedLicense | None:
    """The stored license, None before the first. The caller checks the seal."""
    for found, beside in LICENSES.select_beside(connection):
        return SealedLicense(found, beside["mac"])
    return None


def clock_high_water(connection: Connection) -> float | None:
    """The latest wall time that the daemon has seen, None before its first start."""
    text = settings.get(connection, CLOCK_HIGH_WATER)
    return None if text is None else float(text)

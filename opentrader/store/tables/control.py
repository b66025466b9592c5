"""Halt and closeall, cooldowns, trades restored by hand, and the instance id inside client order ids."""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from functools import partial

from apsw import Connection

from opentrader.domain.trading.ledger import Control, SymbolHalt
from opentrader.domain.trading.ports import Change
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.rows import Rows
from opentrader.store.tables import settings

CONTROL = Rows("control", Control, beside=("id",))
HALTS = Rows("symbol_halts", SymbolHalt)
INSTANCE = "instance"
INSTANCE_LENGTH = 4
_ALPHABET = string.ascii_letters + string.digits
_ID = 1
_RESTORED = "restored/"


class ControlTable:
    """`domain.trading.ports.ControlStore`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> tuple[Control, dict[str, int]]:
        return self._store.read(lambda connection: (row(connection), cooldowns(connection)))

    async def keep(self, new: Control, *, also: Sequence[Change] = (), vital: bool = True) -> None:
        await self._store.write(self.keeping(new), also, vital=vital)

    def keeping(self, new: Control) -> Change:
        return partial(put, control=new)

    def halts(self) -> list[SymbolHalt]:
        return self._store.read(lambda connection: HALTS.select(connection, "ORDER BY symbol"))

    def halting(self, halt: SymbolHalt) -> Change:
        return partial(HALTS.put, value=halt)

    async def end_halt(self, halt: SymbolHalt) -> None:
        await self._store.write(partial(end, halt=halt))

    def cooling(self, key: str, until_ms: int) -> Change:
        return partial(cool, key=key, until_ms=until_ms)

    def restored(self) -> dict[str, str]:
        return self._store.read(partial(settings.under, prefix=_RESTORED))

    def restoring(self, id: str, text: str) -> Change:
        return partial(settings.put, key=_RESTORED + id, text=text)

    def dropping(self, id: str) -> Change:
        return partial(settings.drop, key=_RESTORED + id)

    async def instance(self) -> str:
        return await self._store.write(instance, vital=True)


def put(connection: Connection, control: Control) -> None:
    """Store the control in place of the earlier one."""
    CONTROL.put(connection, control, id=_ID)


def row(connection: Connection) -> Control:
    """The stored control; before the first, nothing is halted."""
    return next(iter(CONTROL.select(connection)), Control())


def end(connection: Connection, halt: SymbolHalt) -> None:
    """Delete this halt of a symbol."""
    known = (halt.symbol, halt.reason, halt.since)
    connection.execute("DELETE FROM symbol_halts WHERE symbol = ? AND reason = ? AND since = ?", known)


def cool(connection: Connection, key: str, until_ms: int) -> None:
    """Set the end of a cooldown, in milliseconds of market time."""
    connection.execute("INSERT OR REPLACE INTO cooldowns (key, until_ms) VALUES (?, ?)", (key, until_ms))


def cooldowns(connection: Connection) -> dict[str, int]:
    """Key -> end in milliseconds of market time, expired cooldowns included."""
    return dict(connection.execute("SELECT key, until_ms FROM cooldowns"))


def instance(connection: Connection) -> str:
    """The instance id: chosen at random at the first call, the same ever after."""
    fresh = "".join(secrets.choice(_ALPHABET) for _ in range(INSTANCE_LENGTH))
    return settings.keep(connection, INSTANCE, fresh)

"""The trading part of the store as the actors see it (`domain.trading_ports`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from apsw import Connection

from opentrader.domain.trading.ledger import AuditEntry, ClosedTrade, Control, Remembered, Reservation
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.domain.trading.ports import Change
from opentrader.domain.trading.venue import Fill
from opentrader.store.sqlite import disk
from opentrader.store.sqlite.database import Store
from opentrader.store.tables import (
    audit,
    control,
    history,
    idempotency,
    journal,
)
from opentrader.store.tables import (
    entry_counts as day,
)
from opentrader.store.tables import (
    settings as choices,
)

T = TypeVar("T")

_RESTORED = "restored/"

NO_FACTS: Mapping[str, Any] = {}


def _together(change: Callable[[Connection], T], also: Sequence[Change], connection: Connection) -> T:
    """The outcome of the first; if any of them raises, the store undoes them all."""
    outcome = change(connection)
    for other in also:
        other(connection)
    return outcome


class JournalTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, ended_since_ms: int) -> list[Trade]:
        return self._store.read(partial(journal.load, ended_since_ms=ended_since_ms))

    def ended(self, since_ms: int) -> set[str]:
        return self._store.read(partial(journal.ended, since_ms=since_ms))

    def trade(self, id: str) -> Trade | None:
        return self._store.read(partial(journal.trade, id=id))

    def made_with(self, idem_key: str) -> Trade | None:
        return self._store.read(partial(journal.made_with, idem_key=idem_key))

    def fills(self, id: str) -> list[Fill]:
        return self._store.read(partial(journal.fills, id=id))

    def owners(self, cids: Iterable[str]) -> dict[str, str]:
        return self._store.read(partial(journal.owners, cids=tuple(cids)))

    async def save(
        self,
        trade: Trade,
        event: str,
        at_ms: int,
        *,
        facts: Mapping[str, Any] = NO_FACTS,
        fills: Sequence[Fill] = (),
        also: Sequence[Change] = (),
    ) -> None:
        change = partial(journal.save, trade=trade, event=event, at_ms=at_ms, facts=facts, fills=fills)
        await self._store.write(partial(_together, change, also))

    def saving(self, trade: Trade, event: str, at_ms: int) -> Change:
        return partial(journal.save, trade=trade, event=event, at_ms=at_ms, facts=NO_FACTS)

    def finishing(self, trade: Trade, event: str, at_ms: int) -> Change:
        return partial(journal.finish, trade=trade, closed=None, event=event, at_ms=at_ms, facts=NO_FACTS)

    async def commit(self, changes: Sequence[Change]) -> None:
        await self._store.write(partial(_together, lambda connection: None, changes))

    async def finish(
        self,
        trade: Trade,
        closed: ClosedTrade | None,
        event: str,
        at_ms: int,
        *,
        facts: Mapping[str, Any] = NO_FACTS,
        fills: Sequence[Fill] = (),
        also: Sequence[Change] = (),
    ) -> None:
        finish = partial(journal.finish, trade=trade, closed=closed, event=event, at_ms=at_ms, facts=facts, fills=fills)
        await self._store.write(partial(_together, finish, also))


class HistoryTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, limit: int, offset: int) -> list[ClosedTrade]:
        return self._store.read(partial(history.page, limit=limit, offset=offset))

    def total(self) -> int:
        return self._store.read(history.total)

    def all(self) -> list[ClosedTrade]:
        return self._store.read(history.counted)

    async def add(self, trades: Sequence[ClosedTrade], at_ms: int, *, also: Sequence[Change] = ()) -> list[ClosedTrade]:
        change = partial(history.add, trades=trades, at_ms=at_ms)
        return await self._store.write(partial(_together, change, also))

    def adding(self, trades: Sequence[ClosedTrade], at_ms: int) -> Change:
        return partial(history.add, trades=trades, at_ms=at_ms)


class DayTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    def trades_today(self, market_ms: int) -> int:
        return self._store.read(partial(day.trades_today, market_ms=market_ms))

    def executing(self, trade_id: str, market_ms: int) -> Change:
        return partial(day.execute, trade_id=trade_id, market_ms=market_ms)

    async def reset(self, market_ms: int, *, also: Sequence[Change] = ()) -> tuple[int, int]:
        return await self._store.write(partial(_together, partial(day.reset, market_ms=market_ms), also))


class ControlTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> tuple[Control, dict[str, int]]:
        return self._store.read(lambda connection: (control.row(connection), control.cooldowns(connection)))

    async def keep(self, new: Control, *, also: Sequence[Change] = ()) -> None:
        await self._store.write(partial(_together, self.keeping(new), also))

    def keeping(self, new: Control) -> Change:
        return partial(control.put, control=new)

    def cooling(self, key: str, until_ms: int) -> Change:
        return partial(control.cool, key=key, until_ms=until_ms)

    def restored(self) -> dict[str, str]:
        return self._store.read(partial(choices.under, prefix=_RESTORED))

    def restoring(self, id: str, text: str) -> Change:
        return partial(choices.put, key=_RESTORED + id, text=text)

    def dropping(self, id: str) -> Change:
        return partial(choices.drop, key=_RESTORED + id)

    async def instance(self) -> str:
        return await self._store.write(control.instance)


class IdempotencyTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    def lookup(self, key: str, at: int) -> Remembered | None:
        return self._store.read(partial(idempotency.lookup, key=key, at=at))

    def running(self) -> list[Remembered]:
        return self._store.read(idempotency.running)

    async def reserve(self, reservation: Reservation) -> None:
        await self._store.write(self.reserving(reservation))

    def reserving(self, reservation: Reservation) -> Change:
        return partial(idempotency.reserve, reservation=reservation)

    async def finish(self, key: str, status: int, body: bytes) -> None:
        await self._store.write(self.finishing(key, status, body))

    def finishing(self, key: str, status: int, body: bytes) -> Change:
        return partial(idempotency.finish, key=key, status=status, body=body)

    async def forget(self, key: str) -> None:
        await self._store.write(partial(idempotency.forget, key=key))

    async def expire(self, at: int) -> int:
        return await self._store.write(partial(idempotency.expire, at=at))


class AuditTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def append(self, entry: AuditEntry) -> int:
        return await self._store.write(partial(audit.append, entry=entry))

    def appending(self, entry: AuditEntry) -> Change:
        return partial(audit.append, entry=entry)

    def page(
        self, limit: int, offset: int, *, since: int | None = None, action: str | None = None, symbol: str | None = None
    ) -> tuple[list[AuditEntry], int]:
        read = partial(audit.page, limit=limit, offset=offset, since=since, action=action, symbol=symbol)
        return self._store.read(read)


class DataDisk:
    """Of the data folder, whose reserve is filled here. Raises `StorageError` if that fails."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        disk.fill_reserve(data_dir)

    def roomy(self) -> bool:
        return self.free() >= disk.FLOOR_BYTES

    def free(self) -> int:
        return disk.free(self._data_dir)

    def release(self) -> bool:
        return disk.release_reserve(self._data_dir)

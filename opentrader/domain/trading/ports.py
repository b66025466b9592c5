"""What the trading actors need of the store, as protocols.

As in `domain.ports`: a plain method reads, on the caller's thread; a coroutine returns when what it was given is
durable, and raises `StorageError` when nothing was kept. Several things that belong together are one commit: the
methods whose name is a participle (`reserving`, `appending`) only make a `Change`, and `also` takes such changes into
the commit of another call. A change raises what the coroutine of the same purpose raises, and then nothing of that
commit is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from opentrader.domain.trading.ledger import AuditEntry, ClosedTrade, Control, Remembered, Reservation
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.domain.trading.venue import Fill

Change = Callable[[Any], object]
"""Something to be kept, for the store alone to call. It does nothing until it rides in a commit as `also`."""

Facts = Mapping[str, Any]
"""What an event tells beside the change of its trade; JSON, in which Decimals and frozen dataclasses may stand."""


class Journal(Protocol):
    """The trades with their intents, legs and fills, and the log of events. PositionManager alone writes it."""

    def load(self, ended_since_ms: int) -> list[Trade]:
        """The open trades, and those that were finished at this instant or later; oldest first."""
        ...

    def ended(self, since_ms: int) -> set[str]:
        """The ids of those that were finished at this instant or later."""
        ...

    def trade(self, id: str) -> Trade | None:
        """Whatever its state; None if there never was one with this id."""
        ...

    def made_with(self, idem_key: str) -> Trade | None:
        """The newest trade that a request with this Idempotency-Key made, whatever its state."""
        ...

    def fills(self, id: str) -> list[Fill]:
        """What is known to have been executed for a trade, oldest first."""
        ...

    def owners(self, cids: Iterable[str]) -> dict[str, str]:
        """Client id -> trade, for those ids that were ever ours."""
        ...

    async def save(
        self,
        trade: Trade,
        event: str,
        at_ms: int,
        *,
        facts: Facts = ...,
        fills: Sequence[Fill] = (),
        also: Sequence[Change] = (),
    ) -> None:
        """Commit the whole trade, its new fills and the event that tells what changed; it is open from now on.

        Raises `InternalError` for a changed intent, `apsw.ConstraintError` for a client id of another trade.
        """
        ...

    def saving(self, trade: Trade, event: str, at_ms: int) -> Change: ...

    def finishing(self, trade: Trade, event: str, at_ms: int) -> Change:
        """Of a trade that is over and whose row, if it has one, stands."""
        ...

    async def commit(self, changes: Sequence[Change]) -> None:
        """Several changes as one."""
        ...

    async def finish(
        self,
        trade: Trade,
        closed: ClosedTrade | None,
        event: str,
        at_ms: int,
        *,
        facts: Facts = ...,
        fills: Sequence[Fill] = (),
        also: Sequence[Change] = (),
    ) -> None:
        """The same for a trade that is over, with its row of the history (None: nothing was bought).

        A late order opens it again with `save`; the next `finish` replaces the row.
        """
        ...


class History(Protocol):
    """The closed trades, newest first by `closed_at`."""

    def page(self, limit: int, offset: int) -> list[ClosedTrade]: ...

    def total(self) -> int: ...

    def all(self) -> list[ClosedTrade]:
        """Those that count in the statistics."""
        ...

    async def add(self, trades: Sequence[ClosedTrade], at_ms: int, *, also: Sequence[Change] = ()) -> list[ClosedTrade]:
        """Take in trades that the exchange tells of. Returns the new ones; an id that is there stays as it is."""
        ...

    def adding(self, trades: Sequence[ClosedTrade], at_ms: int) -> Change: ...


class DayStore(Protocol):
    """The entries executed on each UTC day of market time."""

    def trades_today(self, market_ms: int) -> int:
        """Since 00:00 UTC or the last reset of the day."""
        ...

    def executing(self, trade_id: str, market_ms: int) -> Change:
        """Count the entry of a trade; a second time changes nothing."""
        ...

    async def reset(self, market_ms: int, *, also: Sequence[Change] = ()) -> tuple[int, int]:
        """Count anew from here on. Returns the number before and after."""
        ...


class ControlStore(Protocol):
    """Halt and closeall, cooldowns, and single values, all kept across restarts."""

    def load(self) -> tuple[Control, dict[str, int]]:
        """The control, and for each cooldown its end in milliseconds of market time."""
        ...

    async def keep(self, new: Control, *, also: Sequence[Change] = ()) -> None: ...

    def keeping(self, new: Control) -> Change: ...

    def cooling(self, key: str, until_ms: int) -> Change:
        """Start, or lengthen or end, the cooldown of a symbol or of a bot and a symbol."""
        ...

    def restored(self) -> dict[str, str]:
        """The trades that were put in by hand, by id."""
        ...

    def restoring(self, id: str, text: str) -> Change: ...

    def dropping(self, id: str) -> Change: ...

    async def instance(self) -> str:
        """The four letters and digits of this data folder in client order ids, chosen at its first start."""
        ...


@dataclass(frozen=True, slots=True)
class Records:
    """What the owner of the trades keeps."""

    journal: Journal
    history: History
    day: DayStore
    control: ControlStore


class IdempotencyStore(Protocol):
    """The requests that were made under an Idempotency-Key within `IDEMPOTENCY_SECONDS`."""

    def lookup(self, key: str, at: int) -> Remembered | None: ...

    def running(self) -> list[Remembered]:
        """Those without an answer: after a start, the ones that the last process did not finish; oldest first."""
        ...

    async def reserve(self, reservation: Reservation) -> None:
        """Raises `KeyTaken` for a key that is in use."""
        ...

    def reserving(self, reservation: Reservation) -> Change: ...

    async def finish(self, key: str, status: int, body: bytes) -> None:
        """Keep the answer of a request that was reserved."""
        ...

    def finishing(self, key: str, status: int, body: bytes) -> Change: ...

    async def forget(self, key: str) -> None:
        """Free a key whose request was refused before anything was done."""
        ...

    async def expire(self, at: int) -> int:
        """Drop what is too old, but for running requests whose trade is open. Returns how many."""
        ...


class AuditStore(Protocol):
    """Who did what, in the chain of events: nothing in it can be changed or dropped."""

    async def append(self, entry: AuditEntry) -> int:
        """Returns its id."""
        ...

    def appending(self, entry: AuditEntry) -> Change: ...

    def page(
        self, limit: int, offset: int, *, since: int | None = None, action: str | None = None, symbol: str | None = None
    ) -> tuple[list[AuditEntry], int]:
        """The entries at or after `since` with this action and symbol, newest first, and how many there are."""
        ...


class Disk(Protocol):
    """The room under the data folder. Any thread."""

    def roomy(self) -> bool:
        """Whether an entry may be made: at least `FLOOR_BYTES` are free."""
        ...

    def free(self) -> int:
        """Bytes."""
        ...

    def release(self) -> bool:
        """Give up the reserve, so that exits can still be committed on a full disk; False when it is used up."""
        ...

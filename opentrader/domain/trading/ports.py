"""The store as the trading actors see it, as protocols.

As in `domain.ports`, a plain method reads on the caller's thread; a coroutine returns when its argument is durable and
raises `StorageError` when nothing was stored. One commit can hold several changes: a method with a participle as its
name (`saving`, `reserving`) only builds a `Change`, and `also` adds such changes to the commit of another call. A
change raises the errors of the coroutine with the same purpose; the whole commit is rolled back then.

`vital`: whether the commit reduces risk or records it. On a full disk a vital one may use the reserve, and every other
one raises `StorageFull`. What PositionManager stores is vital unless it says otherwise: entries, what an operator may
as well ask for later, and looks that learned nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from opentrader.domain.trading.ledger import AuditEntry, ClosedTrade, Command, Control, Reservation, SymbolHalt
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.domain.trading.venue import Fill

Change = Callable[[Any], object]
"""A write that only the store calls. It does nothing until it is part of a commit, as `also`."""

Facts = Mapping[str, Any]
"""The facts of an event beside the change of its trade; JSON, Decimals and frozen dataclasses allowed."""


class Journal(Protocol):
    """The trades with their intents, legs and fills, and the log of events. Only PositionManager writes it."""

    def load(self, ended_since_ms: int) -> list[Trade]:
        """The open trades, those that ended at this instant or later, and those booked provisionally; oldest first."""
        ...

    def ended(self, since_ms: int) -> set[str]:
        """The ids of the trades that ended at this instant or later, and of the ended ones booked provisionally."""
        ...

    def trade(self, id: str) -> Trade | None:
        """The trade in any state; None for an unknown id."""
        ...

    def fills(self, id: str) -> list[Fill]:
        """The known fills of a trade, oldest first."""
        ...

    def owners(self, cids: Iterable[str]) -> dict[str, str]:
        """Client order id -> trade id, for those of the ids that this data folder has ever used."""
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
        vital: bool = True,
    ) -> None:
        """Commit an open trade, its new fills and the event that records the change.

        Raises `InternalError` for a changed intent, `apsw.ConstraintError` for a client order id of another trade.
        """
        ...

    def saving(self, trade: Trade, event: str, at_ms: int, fills: Sequence[Fill] = ()) -> Change: ...

    def finishing(self, trade: Trade, event: str, at_ms: int, fills: Sequence[Fill] = ()) -> Change:
        """For a closed trade whose row in the history, if it has one, does not change."""
        ...

    async def commit(self, changes: Sequence[Change], *, vital: bool = True) -> None:
        """Write all the changes in one commit."""
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
        vital: bool = True,
    ) -> None:
        """Commit a closed trade with its row in the history (`closed` None: its entry never filled).

        A late fill reopens the trade by `save`; the next `finish` replaces the row. A fill that is stored without its
        rate is replaced once it has one.
        """
        ...


class History(Protocol):
    """The closed trades, newest first by `closed_at`."""

    def page(self, limit: int, offset: int) -> list[ClosedTrade]: ...

    def total(self) -> int: ...

    def since(self, seq: int) -> tuple[list[ClosedTrade], int]:
        """The rows that were written after this one, also in place of an earlier one, and the number of the last.

        Without any such row, the number is the given one; before the first it is 0.
        """
        ...

    def recent(self, since: int, ids: Iterable[str]) -> list[ClosedTrade]:
        """The trades that count in the statistics, if closed at this Unix second or later or with one of the ids."""
        ...

    def of(self, ids: Iterable[str]) -> list[ClosedTrade]:
        """The rows of these trades, by symbol; a trade that never bought has none."""
        ...

    async def add(self, trades: Sequence[ClosedTrade], at_ms: int, *, also: Sequence[Change] = ()) -> list[ClosedTrade]:
        """Store closed trades reported by the exchange. Returns the new ones.

        The row of a known id is not changed, unless it is provisional and the new one is not.
        """
        ...

    def adding(self, trades: Sequence[ClosedTrade], at_ms: int) -> Change: ...


class EntryCountStore(Protocol):
    """The entries executed on each UTC day of market time."""

    def trades_today(self, market_ms: int) -> int:
        """Since 00:00 UTC or the last reset of the day."""
        ...

    def executing(self, trade_id: str, market_ms: int) -> Change:
        """Count the entry of a trade; a second time changes nothing."""
        ...

    async def reset(self, market_ms: int, *, also: Sequence[Change] = ()) -> tuple[int, int]:
        """Restart the count of the day at zero. Returns the count before and after."""
        ...


class ControlStore(Protocol):
    """Halts, closeall, cooldowns, and trades restored by hand; all survive a restart."""

    def load(self) -> tuple[Control, dict[str, int]]:
        """The control, and the end of each cooldown in milliseconds of market time."""
        ...

    async def keep(self, new: Control, *, also: Sequence[Change] = (), vital: bool = True) -> None: ...

    def keeping(self, new: Control) -> Change: ...

    def halts(self) -> list[SymbolHalt]:
        """The symbols in which no entry is allowed."""
        ...

    def halting(self, halt: SymbolHalt) -> Change: ...

    async def end_halt(self, halt: SymbolHalt) -> None:
        """End this halt; a later one of its symbol goes on."""
        ...

    def cooling(self, key: str, until_ms: int) -> Change:
        """Set the end of the cooldown of a symbol, or of a bot on a symbol."""
        ...

    def restored(self) -> dict[str, str]:
        """The trades restored by hand, id -> text."""
        ...

    def restoring(self, id: str, text: str) -> Change: ...

    def dropping(self, id: str) -> Change: ...

    async def instance(self) -> str:
        """The instance id in client order ids: four letters or digits, chosen at the first start of the data folder."""
        ...


class CommandStore(Protocol):
    """The commands, and the key that leads to each of them or to an intent."""

    def command(self, id: str) -> Command | None: ...

    def closealls(self, since_ms: int) -> list[Command]:
        """Those of this instant or later, oldest first."""
        ...

    def journaling(self, command: Command) -> Change:
        """Store a command with its event, and bind its key to it."""
        ...

    def binding(self, idem_key: str, intent_id: str) -> Change:
        """Bind a reserved key to what its request begins with this commit. Raises `KeyTaken` if it is bound already."""
        ...


@dataclass(frozen=True, slots=True)
class Records:
    """The stores of the actor that owns the trades."""

    journal: Journal
    commands: CommandStore
    history: History
    entry_counts: EntryCountStore
    control: ControlStore


class IdempotencyStore(Protocol):
    """The requests made with an Idempotency-Key in the last `IDEMPOTENCY_SECONDS`."""

    async def reserve(self, reservation: Reservation, *, vital: bool = False) -> None:
        """Raises `KeyTaken` for a key that is in use."""
        ...

    def reserving(self, reservation: Reservation) -> Change: ...

    async def finish(self, key: str, status: int, body: bytes, *, vital: bool = False) -> None:
        """Store the answer to a reserved request."""
        ...

    def finishing(self, key: str, status: int, body: bytes) -> Change: ...

    async def begun(self, key: str) -> str:
        """The id of the intent or command that the request has begun; empty if it has begun nothing."""
        ...

    async def forget(self, key: str, *, vital: bool = False) -> None:
        """Free a key whose request has begun nothing."""
        ...

    async def release(self, key: str, intent_id: str) -> None:
        """Unbind a key from an intent that was never sent, so that the request can be made again."""
        ...

    async def expire(self, at: int) -> int:
        """Delete the expired keys, except those of running requests of which a trade is open. Returns how many."""
        ...


class AuditStore(Protocol):
    """Who did what, as events of the hash chain: append-only."""

    async def append(self, entry: AuditEntry, *, vital: bool = False) -> int:
        """Returns the id of the entry."""
        ...

    def page(
        self, limit: int, offset: int, *, since: int | None = None, action: str | None = None, symbol: str | None = None
    ) -> tuple[list[AuditEntry], int]:
        """One page of the entries at or after `since` with this action and symbol, newest first; and their number."""
        ...


@dataclass(frozen=True, slots=True)
class DiskState:
    """The disk under the data folder. `reserve`: bytes kept for exits, 0 once they were needed."""

    free: int
    reserve: int
    degraded: bool
    slow_commits: int


class Disk(Protocol):
    """The disk under the data folder. Any thread."""

    def roomy(self) -> bool:
        """Whether the reserve is there and at least `FLOOR_BYTES` are free, so that a position may be opened."""
        ...

    def slow(self) -> bool:
        """Whether commits take so long (`degraded`) that no position should be opened."""
        ...

    def state(self) -> DiskState: ...

    def keep_reserve(self) -> None:
        """Make the reserve again if there is room. Blocks; raises `StorageError` when the disk fails."""
        ...

"""Closed trades, their statistics, and the audit log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Field

from opentrader.actors.messages.types import OK, Instant, Offset, Symbol
from opentrader.actors.runtime.message import Message
from opentrader.domain.signals import Direction
from opentrader.domain.trading.statistics import Group

ExitReason = Literal["sl", "tp", "trailing", "close", "closeall", "sell", "synced", "orphan", "flattened", "external"]


@dataclass(frozen=True, slots=True)
class ClosedTradeReply:
    """A closed trade; `pnl` is net of fees, in the quote currency.

    `fees_known`: `pnl` and `fees` are exact. Until then they are provisional, with the highest fees for what the
    exchange has not told yet, and the row is replaced. `left_over`: bought and not sold, in the base asset, valued 0;
    null where it is unknown.
    """

    id: str
    symbol: str
    direction: Direction
    size: float
    entry_px: float
    exit_px: float
    pnl: float
    pnl_pct: float
    bot: str
    exit_reason: ExitReason
    opened_at: int
    closed_at: int
    fees: float = 0.0
    cancelled_orders: tuple[int | str, ...] = ()
    fees_known: bool = False
    left_over: float | None = None


@dataclass(frozen=True, slots=True)
class HistoryReply:
    trades: tuple[ClosedTradeReply, ...]
    count: int
    total: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class HistoryOf(Message[HistoryReply]):
    """Closed trades, newest first."""

    owner: ClassVar[str] = "archive"
    limit: Annotated[int, Ge(1), Le(200)] = 50
    offset: Offset = 0


@dataclass(frozen=True, slots=True)
class StatsReply:
    """Statistics of the closed trades; null where a figure is undefined, never NaN or Infinity."""

    total_trades: int
    wins: int
    losses: int
    breakeven: int
    win_rate: float | None
    total_pnl: float
    avg_pnl_pct: float | None
    avg_win: float | None
    avg_loss: float | None
    profit_factor: float | None
    expectancy: float | None
    max_drawdown: float
    best: ClosedTradeReply | None
    worst: ClosedTradeReply | None
    by_symbol: dict[str, Group]
    by_bot: dict[str, Group]
    by_agent: dict[str, Group]
    sharpe: float | None
    sortino: float | None
    calmar: float | None


@dataclass(frozen=True, slots=True)
class StatsOf(Message[StatsReply]):
    """Statistics of the closed trades."""

    owner: ClassVar[str] = "archive"


@dataclass(frozen=True, slots=True)
class AuditEntryReply:
    """One action; `status` is the HTTP status, or 0 for actions of the daemon itself."""

    id: int
    ts: int
    agent: str
    action: str
    symbol: str | None
    outcome: str
    status: int
    request_id: str | None
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Audit:
    entries: tuple[AuditEntryReply, ...]
    count: int
    total: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class AuditOf(Message[Audit]):
    """The audit log, newest first."""

    owner: ClassVar[str] = "archive"
    limit: Annotated[int, Ge(1), Le(500)] = 50
    offset: Offset = 0
    since: Instant | None = None
    action: Annotated[str, Field(max_length=64)] | None = None
    symbol: Symbol | None = None


@dataclass(frozen=True, slots=True)
class Synced:
    ok: OK = field(default=True, init=False)
    synced: int
    skipped: int
    trades: tuple[ClosedTradeReply, ...]


@dataclass(frozen=True, slots=True)
class SyncTrades(Message[Synced]):
    """Import our closed trades from the exchange that are not in the history."""

    owner: ClassVar[str] = "position_manager"

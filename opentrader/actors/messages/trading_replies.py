"""The answers about money, as frozen values in the shape of the API's JSON. Instants are whole Unix seconds.

Inside, money is Decimal; a float here is the last step before JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from opentrader.actors.messages.market_replies import OK, ScanFailure
from opentrader.domain.signals import Direction
from opentrader.domain.trading.statistics import Group

OrderId = int | str | None
Mode = Literal["paper", "live"]
Protection = Literal["oco", "stop+soft_tp", "soft", "none"]
TradeSource = Literal["trade", "manual", "signal", "recovered", "restored"]
ExitReason = Literal["sl", "tp", "trailing", "close", "closeall", "sell", "synced", "orphan", "flattened", "external"]
EntryStatus = Literal["pending", "filled", "cancelled", "expired"]


@dataclass(frozen=True, slots=True)
class Balance:
    """Of the quote currency; `total` is free + locked."""

    total: float
    free: float
    locked: float


@dataclass(frozen=True, slots=True)
class Holding:
    asset: str
    free: float
    locked: float
    total: float
    price: float | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Portfolio:
    exchange: str
    mode: Mode
    quote: str
    balance: Balance
    holdings: tuple[Holding, ...]
    equity: float
    can_short: bool
    timestamp: int


@dataclass(frozen=True, slots=True)
class Trade:
    """An open trade; `verified` is False for a restored one whose orders the exchange does not show."""

    id: str
    symbol: str
    direction: Direction
    size: float
    entry_px: float | None
    sl_px: float
    tp_px: float
    sl_oid: OrderId
    tp_oid: OrderId
    bot: str
    date: str
    agent: str
    source: TradeSource
    opened_at: int
    protection: Protection = "none"
    state: str = ""
    verified: bool = True
    unprotected_sec: float = 0.0
    sl_pct: float | None = None
    tp_pct: float | None = None
    trailing: bool = False
    mark_px: float | None = None
    unrealized_pnl: float | None = None
    unrealized_pnl_pct: float | None = None


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """A trade of the history; `pnl` is net of fees, in the quote currency."""

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


@dataclass(frozen=True, slots=True)
class TradeOpened:
    """A new position, protected."""

    ok: OK = field(default=True, init=False)
    status: Literal["opened"] = field(default="opened", init=False)
    trade: Trade
    agent: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class TradeSold:
    """`sell` against an open long: the position was sold."""

    ok: OK = field(default=True, init=False)
    status: Literal["closed"] = field(default="closed", init=False)
    closed: tuple[ClosedTrade, ...]
    agent: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """A LIMIT entry; partly filled it stays `pending`, and its filled part is protected."""

    id: str
    client_order_id: str
    order_id: OrderId
    symbol: str
    direction: Direction
    entry_px: float
    size: float
    sl_pct: float
    tp_pct: float
    rr: str | None
    sl_px: float
    tp_px: float
    ttl_hours: float
    status: EntryStatus
    filled_size: float
    bot: str
    agent: str
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class ManualPlaced:
    """`filled` when the limit price was marketable at once; the trade is then protected."""

    ok: OK = field(default=True, init=False)
    status: Literal["pending", "filled"]
    entry: PendingEntry
    trade: Trade | None = None


@dataclass(frozen=True, slots=True)
class PendingList:
    pending: tuple[PendingEntry, ...]
    count: int


@dataclass(frozen=True, slots=True)
class PendingChecked:
    ok: OK = field(default=True, init=False)
    checked: int
    filled: tuple[PendingEntry, ...]
    cancelled: tuple[PendingEntry, ...]
    still_pending: int
    failed: tuple[ScanFailure, ...]


@dataclass(frozen=True, slots=True)
class PendingRecovered:
    ok: OK = field(default=True, init=False)
    recovered: int
    skipped: int
    entries: tuple[PendingEntry, ...]


@dataclass(frozen=True, slots=True)
class EntryCancelled:
    ok: OK = field(default=True, init=False)
    entry: PendingEntry


@dataclass(frozen=True, slots=True)
class StopMoved:
    symbol: str
    id: str
    old_sl_px: float
    new_sl_px: float
    mark_px: float


@dataclass(frozen=True, slots=True)
class Trailed:
    ok: OK = field(default=True, init=False)
    checked: int
    updated: tuple[StopMoved, ...]
    count: int
    failed: tuple[ScanFailure, ...]


@dataclass(frozen=True, slots=True)
class ActorRow:
    name: str
    alive: bool
    inbox: int
    restarts: int


@dataclass(frozen=True, slots=True)
class BotStatus:
    ok: OK = field(default=True, init=False)
    running: bool
    halted: bool
    halt_reason: str | None
    mode: Mode
    exchange: str
    can_short: bool
    uptime_sec: int
    open_trades: int
    pending_entries: int
    pending_signals: int
    trades_today: int
    max_trades_per_day: int | None
    equity: float
    realized_pnl_today: float
    watchlist: tuple[str, ...]
    actors: tuple[ActorRow, ...]
    timestamp: int


@dataclass(frozen=True, slots=True)
class Closed:
    ok: OK = field(default=True, init=False)
    symbol: str
    closed: tuple[ClosedTrade, ...]
    count: int


@dataclass(frozen=True, slots=True)
class ClosedAll:
    """`ok` is False when any position could not be closed."""

    ok: bool
    closed: tuple[ClosedTrade, ...]
    failed: tuple[ScanFailure, ...]
    count: int


@dataclass(frozen=True, slots=True)
class DailyReset:
    ok: OK = field(default=True, init=False)
    trades_today_before: int
    trades_today_after: int


@dataclass(frozen=True, slots=True)
class Halted:
    ok: OK = field(default=True, init=False)
    halted: bool
    reason: str
    since: int | None
    cancelled_entries: tuple[PendingEntry, ...]


@dataclass(frozen=True, slots=True)
class TradeList:
    trades: tuple[Trade, ...]
    count: int


@dataclass(frozen=True, slots=True)
class History:
    trades: tuple[ClosedTrade, ...]
    count: int
    total: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What the history amounts to; null where a figure is not defined, never NaN or Infinity."""

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
    best: ClosedTrade | None
    worst: ClosedTrade | None
    by_symbol: dict[str, Group]
    by_bot: dict[str, Group]
    by_agent: dict[str, Group]
    sharpe: float | None
    sortino: float | None
    calmar: float | None


@dataclass(frozen=True, slots=True)
class Synced:
    ok: OK = field(default=True, init=False)
    synced: int
    skipped: int
    trades: tuple[ClosedTrade, ...]


@dataclass(frozen=True, slots=True)
class TradesRecovered:
    ok: OK = field(default=True, init=False)
    recovered: int
    skipped: int
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    ok: OK = field(default=True, init=False)
    trade: Trade


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act; `status` is the HTTP status, or 0 for the daemon's own acts."""

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
    entries: tuple[AuditEntry, ...]
    count: int
    total: int
    limit: int
    offset: int

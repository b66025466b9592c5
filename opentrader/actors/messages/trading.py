"""Trades: enter, trail, recover, and the portfolio.

Inside the daemon, money is Decimal; a float here is the last step before JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from pydantic import Field

from opentrader.actors.messages.history import ClosedTradeReply
from opentrader.actors.messages.types import (
    OK,
    Bot,
    Caller,
    OrderId,
    Percent,
    Px,
    ScanFailure,
    ShownOrderId,
    Side,
    StopPercent,
    Symbol,
    View,
)
from opentrader.actors.runtime.message import Message
from opentrader.domain.signals import Direction
from opentrader.domain.trading.venue import SymbolStatus
from opentrader.errors import Fault

Mode = Literal["paper", "live"]
Protection = Literal["oco", "stop+soft_tp", "soft", "none"]
TradeSource = Literal["trade", "manual", "signal", "recovered", "restored"]


@dataclass(frozen=True, slots=True)
class TradeReply:
    """An open trade; `verified` is False for a restored one that matches no open orders at the exchange.

    `market`: what the exchange says of its symbol. In any status but `TRADING` it takes no orders: nothing can be sold.
    """

    id: str
    symbol: str
    direction: Direction
    size: float
    entry_px: float | None
    sl_px: float
    tp_px: float
    sl_oid: ShownOrderId
    tp_oid: ShownOrderId
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
    market: SymbolStatus = "TRADING"


@dataclass(frozen=True, slots=True)
class TradeOpened:
    """A new, protected position."""

    ok: OK = field(default=True, init=False)
    status: Literal["opened"] = field(default="opened", init=False)
    trade: TradeReply
    agent: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class TradeSold:
    """The reply to `sell`: the open long position was sold. To a repeated `buy`: its trade is closed by now."""

    ok: OK = field(default=True, init=False)
    status: Literal["closed"] = field(default="closed", init=False)
    closed: tuple[ClosedTradeReply, ...]
    agent: str
    timestamp: int
    intent_id: str


@dataclass(frozen=True, slots=True)
class ExecuteTrade(Message[TradeOpened | TradeSold]):
    """Enter at market and protect; `sell` sells the open position. Replies once the position is protected."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True
    symbol: Symbol
    direction: Side
    bot: Bot
    sl: StopPercent
    tp: Percent
    ev: Annotated[float, Gt(25)]
    confidence: Annotated[int, Ge(8), Le(10)]
    agent: Caller = "ops"
    idem_key: str = ""  # stored with the intent: after a crash the key leads to its outcome


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
class UpdateTrailing(Message[Trailed]):
    """Check the trailing stop of every open trade now; the daemon also does this at each closed candle."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    agent: Caller = "tech"


@dataclass(frozen=True, slots=True)
class Restored:
    ok: OK = field(default=True, init=False)
    trade: TradeReply


@dataclass(frozen=True, slots=True)
class RestoreTrade(Message[Restored]):
    """Add a trade to the runtime state manually; no order is placed."""

    owner: ClassVar[str] = "position_manager"
    symbol: Symbol
    direction: Side
    size: Px
    entry_px: Px
    sl_px: Px
    tp_px: Px
    sl_oid: OrderId = None
    tp_oid: OrderId = None
    bot: Bot = "manual"
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None

    def contradictions(self) -> Iterator[Fault]:
        long = self.direction == "buy"
        if (self.sl_px < self.tp_px) != long:
            side = "below" if long else "above"
            yield Fault(("sl_px",), f"the stop lies {side} the target", "value_error", input=self.sl_px)
        try:
            date.fromisoformat(self.date or "1970-01-01")
        except ValueError as error:
            yield Fault(("date",), str(error), "date_parsing", input=self.date)


@dataclass(frozen=True, slots=True)
class TradesRecovered:
    ok: OK = field(default=True, init=False)
    recovered: int
    skipped: int
    trades: tuple[TradeReply, ...]


@dataclass(frozen=True, slots=True)
class RecoverTrades(Message[TradesRecovered]):
    """Find our own orders at the exchange and rebuild the trades they belong to."""

    owner: ClassVar[str] = "position_manager"


@dataclass(frozen=True, slots=True)
class TradeList:
    trades: tuple[TradeReply, ...]
    count: int


@dataclass(frozen=True, slots=True)
class OpenTrades(View[TradeList]):
    """The open trades, with their stops and protection."""


@dataclass(frozen=True, slots=True)
class BalanceReply:
    """The balance of the quote currency; `total` is free + locked."""

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
    balance: BalanceReply
    holdings: tuple[Holding, ...]
    equity: float
    can_short: bool
    timestamp: int


@dataclass(frozen=True, slots=True)
class PortfolioOf(View[Portfolio]):
    """Balance and holdings at the active exchange, as of the last read."""

"""The map of the system, continued: every message about money, its owner and its answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, Field, Strict

from opentrader.actors.messages import trading_replies as t
from opentrader.actors.messages.market import Bot, Caller, Instant, Percent, Side, Symbol, View
from opentrader.actors.runtime.message import Message
from opentrader.errors import Fault, InvalidInput

RISK_REWARD = r"^\s*(?=[0-9.]*[1-9])\d{1,4}(\.\d{1,4})?\s*:\s*(?=[0-9.]*[1-9])\d{1,4}(\.\d{1,4})?\s*$"
LARGEST_RATIO = 100
LARGEST_INTEGER = 2**63 - 1
LARGEST_AMOUNT = 1e15



def _risk_reward(text: str) -> str:
    if not re.fullmatch(RISK_REWARD, text):
        raise ValueError("should be risk:reward, two positive numbers, for example 1:3")
    return text


def _storable(number: int) -> int:
    if number > LARGEST_INTEGER:
        raise ValueError(f"should be at most {LARGEST_INTEGER}")
    return number


def _measurable(value: float) -> float:
    if value > LARGEST_AMOUNT:
        raise ValueError(f"should be at most {LARGEST_AMOUNT:g}")
    return value


# The pattern looks ahead, which pydantic's own engine of regular expressions does not.
RiskReward = Annotated[str, AfterValidator(_risk_reward), Field(json_schema_extra={"pattern": RISK_REWARD})]
StopPercent = Annotated[float, Gt(0), Lt(100)]
Px = Annotated[float, Gt(0), AfterValidator(_measurable)]
OrderId = Annotated[int, Strict()] | Annotated[str, Field(min_length=1, max_length=64)] | None
# The contract names no limit, and the store has one.
Offset = Annotated[int, Ge(0), AfterValidator(_storable)]


# --- position_manager --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExecuteTrade(Message[t.TradeOpened | t.TradeSold]):
    """Enter at market and protect; `sell` sells what is held. Answers when the position is protected."""

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
    idem_key: str = ""  # kept with the intent: after a crash the key finds its outcome


@dataclass(frozen=True, slots=True)
class PlaceManual(Message[t.ManualPlaced]):
    """Enter by a LIMIT order at a price of one's own; protected when it fills."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True
    symbol: Symbol
    direction: Side
    entry_px: Px
    sl_pct: StopPercent
    rr: RiskReward | None = None
    tp_pct: Percent | None = None
    ttl_hours: Annotated[float, Gt(0), Le(8760)] = 24.0
    agent: Caller = "coo"
    idem_key: str = ""

    def __post_init__(self) -> None:
        if (self.rr is None) == (self.tp_pct is None):
            both = "not both" if self.rr is not None else "one is required"
            raise InvalidInput([Fault(("tp_pct",), f"give either rr or tp_pct: {both}", "value_error")])
        if self.rr is not None and ratio_of(self.rr) > LARGEST_RATIO:
            raise InvalidInput([Fault(("rr",), "the reward may be at most 100 times the risk", "value_error")])

    @property
    def target_pct(self) -> Decimal:
        """The target in percent of the entry, whichever way it was given."""
        if self.tp_pct is not None:
            return Decimal(str(self.tp_pct))
        return round(Decimal(str(self.sl_pct)) * ratio_of(self.rr or "1:1"), 8).normalize()

    @property
    def target_name(self) -> str:
        """The parameter that gave it."""
        return "tp_pct" if self.tp_pct is not None else "rr"


def ratio_of(rr: str) -> Decimal:
    """Reward over risk: `1:2.5` is 2.5."""
    risk, _, reward = rr.partition(":")
    return Decimal(reward.strip()) / Decimal(risk.strip())


@dataclass(frozen=True, slots=True)
class ClosePosition(Message[t.Closed]):
    """Cancel the protection of a symbol's trades and sell them at market."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    symbol: Symbol
    agent: Caller = "ops"


@dataclass(frozen=True, slots=True)
class CloseAll(Message[t.ClosedAll]):
    """Close every open position; pending entries are left alone."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    agent: Caller = "ops"


@dataclass(frozen=True, slots=True)
class UpdateTrailing(Message[t.Trailed]):
    """Look at every open trade's trailing stop now; the daemon does so at each closed candle by itself."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    agent: Caller = "tech"


@dataclass(frozen=True, slots=True)
class ResetDaily(Message[t.DailyReset]):
    """Count today's trades from 0 again."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Halt(Message[t.Halted]):
    """The kill switch: no new entries until `Resume`. Protection and closing go on."""

    owner: ClassVar[str] = "position_manager"
    reason: Annotated[str, Field(max_length=200)] = "operator"
    cancel_pending: bool = True
    agent: Caller = "ops"


@dataclass(frozen=True, slots=True)
class Resume(Message[t.Halted]):
    owner: ClassVar[str] = "position_manager"
    agent: Caller = "ops"


@dataclass(frozen=True, slots=True)
class RestoreTrade(Message[t.Restored]):
    """Put a trade into the runtime state by hand; no order is placed."""

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

    def __post_init__(self) -> None:
        long = self.direction.lower() == "buy"
        if (self.sl_px < self.tp_px) != long:
            side = "below" if long else "above"
            raise InvalidInput([Fault(("sl_px",), f"the stop lies {side} the target", "value_error", input=self.sl_px)])
        try:
            date.fromisoformat(self.date or "1970-01-01")
        except ValueError as error:
            raise InvalidInput([Fault(("date",), str(error), "date_parsing", input=self.date)]) from None


@dataclass(frozen=True, slots=True)
class RecoverTrades(Message[t.TradesRecovered]):
    """Look for our own orders at the exchange and rebuild the trades behind them."""

    owner: ClassVar[str] = "position_manager"


@dataclass(frozen=True, slots=True)
class SyncTrades(Message[t.Synced]):
    """Import closed trades of ours that the history does not know."""

    owner: ClassVar[str] = "position_manager"


@dataclass(frozen=True, slots=True)
class OpenTrades(View[t.TradeList]):
    """The open trades, with their stops and what protects them."""


@dataclass(frozen=True, slots=True)
class PortfolioOf(View[t.Portfolio]):
    """Balance and holdings at the active exchange, as last read."""


@dataclass(frozen=True, slots=True)
class StatusOf(View[t.BotStatus]):
    """The bot in one look: halted or not, what is open, the day so far, every actor."""

    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    agent: Caller | None = None


# --- archive -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatsOf(Message[t.Stats]):
    """What the history amounts to."""

    owner: ClassVar[str] = "archive"


@dataclass(frozen=True, slots=True)
class AuditOf(Message[t.Audit]):
    """Who did what, newest first."""

    owner: ClassVar[str] = "archive"
    limit: Annotated[int, Ge(1), Le(500)] = 50
    offset: Offset = 0
    since: Instant | None = None
    action: Annotated[str, Field(max_length=64)] | None = None
    symbol: Symbol | None = None


@dataclass(frozen=True, slots=True)
class HistoryOf(Message[t.History]):
    """Closed trades, newest first."""

    owner: ClassVar[str] = "archive"
    limit: Annotated[int, Ge(1), Le(200)] = 50
    offset: Offset = 0


# --- pending_entry_watcher ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PendingEntries(View[t.PendingList]):
    """The LIMIT entries that wait to be filled."""

    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CheckPending(Message[t.PendingChecked]):
    """Look at every pending entry now; the daemon does so by itself."""

    owner: ClassVar[str] = "pending_entry_watcher"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    agent: Caller = "finance"


@dataclass(frozen=True, slots=True)
class RecoverPending(Message[t.PendingRecovered]):
    """Look for our own LIMIT orders at the exchange and take them back into the list."""

    owner: ClassVar[str] = "pending_entry_watcher"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CancelEntry(Message[t.EntryCancelled]):
    """Take a pending entry back; what it has bought is kept and protected."""

    owner: ClassVar[str] = "pending_entry_watcher"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    id: Annotated[str, Field(min_length=1, max_length=64)]

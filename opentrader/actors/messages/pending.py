"""Pending LIMIT entries at the exchange: place, check, recover, cancel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from annotated_types import Gt, Le
from pydantic import AfterValidator, Field

from opentrader.actors.messages.history import ClosedTradeReply
from opentrader.actors.messages.trading import TradeReply
from opentrader.actors.messages.types import (
    OK,
    Caller,
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
from opentrader.errors import Fault

RISK_REWARD = r"^\s*(?=[0-9.]*[1-9])\d{1,4}(\.\d{1,4})?\s*:\s*(?=[0-9.]*[1-9])\d{1,4}(\.\d{1,4})?\s*$"
LARGEST_RATIO = 100


def _risk_reward(text: str) -> str:
    if not re.fullmatch(RISK_REWARD, text):
        raise ValueError("should be risk:reward, two positive numbers, for example 1:3")
    return text


# The pattern uses lookahead, which the regular expressions of pydantic do not support.
RiskReward = Annotated[str, AfterValidator(_risk_reward), Field(json_schema_extra={"pattern": RISK_REWARD})]
EntryStatus = Literal["pending", "filled", "cancelled", "expired"]


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """A LIMIT entry. A partially filled one stays `pending`; its filled part is protected."""

    id: str
    client_order_id: str
    order_id: ShownOrderId
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
    """`filled` when the limit price was marketable immediately; then the trade is protected.

    `closed`: the row of the history, in the reply to a repeat, if the trade is closed by then.
    """

    ok: OK = field(default=True, init=False)
    status: Literal["pending", "filled"]
    entry: PendingEntry
    trade: TradeReply | None = None
    closed: tuple[ClosedTradeReply, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceManual(Message[ManualPlaced]):
    """Place a LIMIT entry at your own price; the position is protected when it fills."""

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

    def contradictions(self) -> Iterator[Fault]:
        if (self.rr is None) == (self.tp_pct is None):
            both = "not both" if self.rr is not None else "one is required"
            yield Fault(("tp_pct",), f"give either rr or tp_pct: {both}", "value_error")
        elif self.rr is not None and ratio_of(self.rr) > LARGEST_RATIO:
            yield Fault(("rr",), "the reward may be at most 100 times the risk", "value_error")

    @property
    def target_pct(self) -> Decimal:
        """The target in percent of the entry price, from `tp_pct` or `rr`."""
        if self.tp_pct is not None:
            return Decimal(str(self.tp_pct))
        return round(Decimal(str(self.sl_pct)) * ratio_of(self.rr or "1:1"), 8).normalize()

    @property
    def target_name(self) -> str:
        """The parameter that set the target."""
        return "tp_pct" if self.tp_pct is not None else "rr"


def ratio_of(rr: str) -> Decimal:
    """Reward over risk: `1:2.5` is 2.5."""
    risk, _, reward = rr.partition(":")
    return Decimal(reward.strip()) / Decimal(risk.strip())


@dataclass(frozen=True, slots=True)
class PendingList:
    pending: tuple[PendingEntry, ...]
    count: int


@dataclass(frozen=True, slots=True)
class PendingEntries(View[PendingList]):
    """The LIMIT entries that are not filled yet."""

    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class PendingChecked:
    ok: OK = field(default=True, init=False)
    checked: int
    filled: tuple[PendingEntry, ...]
    cancelled: tuple[PendingEntry, ...]
    still_pending: int
    failed: tuple[ScanFailure, ...]


@dataclass(frozen=True, slots=True)
class CheckPending(Message[PendingChecked]):
    """Check every pending entry now; the daemon also does this on its own."""

    owner: ClassVar[str] = "pending_entry_watcher"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    agent: Caller = "finance"


@dataclass(frozen=True, slots=True)
class PendingRecovered:
    ok: OK = field(default=True, init=False)
    recovered: int
    skipped: int
    entries: tuple[PendingEntry, ...]


@dataclass(frozen=True, slots=True)
class RecoverPending(Message[PendingRecovered]):
    """Find our own LIMIT orders at the exchange and add them to the pending entries."""

    owner: ClassVar[str] = "pending_entry_watcher"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class EntryCancelled:
    ok: OK = field(default=True, init=False)
    entry: PendingEntry


@dataclass(frozen=True, slots=True)
class CancelEntry(Message[EntryCancelled]):
    """Cancel a pending entry; a filled part is kept and protected."""

    owner: ClassVar[str] = "pending_entry_watcher"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    id: Annotated[str, Field(min_length=1, max_length=64)]

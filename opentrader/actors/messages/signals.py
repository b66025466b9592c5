"""Signals: post, confirm, reject, clean up, and the mean-reversion scan that emits them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

from opentrader.actors.messages.types import (
    OK,
    Bot,
    Caller,
    Exact,
    Millis,
    Oscillator,
    Percent,
    Price,
    Side,
    Symbol,
    View,
)
from opentrader.actors.runtime.message import Message
from opentrader.domain.signals import Direction, PostStatus, SignalStatus
from opentrader.errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal; `age_sec` and an expired status are as of the request."""

    symbol: str
    direction: Direction
    bot: str
    status: SignalStatus
    notified: bool
    created_at: int
    updated_at: int = 0
    expires_at: int
    age_sec: int
    price: float | None = None
    sl_pct: float | None = None
    tp_pct: float | None = None
    checklist: str | list[Any] | dict[str, Any] | None = None
    passed: int | None = None
    total: int | None = None
    rsi: float | None = None
    macd_hist: float | None = None
    bb_lower: float | None = None
    bb_upper: float | None = None
    bb_mid: float | None = None
    vol_ratio: float | None = None
    buy_signals: int | list[Any] | None = None
    sell_signals: int | list[Any] | None = None
    adx: float | None = None
    stoch_k: float | None = None
    tp1_pct: float | None = None
    tp2_pct: float | None = None
    range_support: float | None = None
    range_resistance: float | None = None
    range_midline: float | None = None


@dataclass(frozen=True, slots=True)
class SignalPosted:
    ok: OK = field(default=True, init=False)
    status: PostStatus
    symbol: str
    signal: Signal | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSignal(Message[SignalPosted]):
    """Create or replace the pending signal of a pair. Unknown fields are ignored."""

    owner: ClassVar[str] = "signal_book"
    symbol: Symbol
    direction: Side
    bot: Bot
    price: Price | None = None
    sl_pct: Annotated[float, Gt(0), Lt(100)] | None = None
    tp_pct: Percent | None = None
    checklist: str | list[Any] | dict[str, Any] | None = None
    passed: Annotated[int, Ge(0), Exact] | None = None
    total: Annotated[int, Ge(0), Exact] | None = None
    rsi: Oscillator | None = None
    macd_hist: float | None = None
    bb_lower: float | None = None
    bb_upper: float | None = None
    bb_mid: float | None = None
    vol_ratio: Annotated[float, Ge(0)] | None = None
    buy_signals: Annotated[int, Exact] | list[Any] | None = None
    sell_signals: Annotated[int, Exact] | list[Any] | None = None
    adx: Oscillator | None = None
    stoch_k: Oscillator | None = None
    tp1_pct: Percent | None = None
    tp2_pct: Percent | None = None
    range_support: float | None = None
    range_resistance: float | None = None
    range_midline: float | None = None

    def contradictions(self) -> Iterator[Fault]:
        if self.passed is not None and self.total is not None and self.passed > self.total:
            text = f"passed may not exceed total ({self.total})"
            yield Fault(("passed",), text, "value_error", input=self.passed)


@dataclass(frozen=True, slots=True)
class EmitSignal(Message[str]):
    """Post a bot's signal at a closed candle, unless it is too early; replies with a post status or a skip reason."""

    owner: ClassVar[str] = "signal_book"
    post: PostSignal
    outlook: dict[str, Any]  # ev, confidence, gate_ok: stored with the signal and shown to the operator
    bar_ms: Millis  # open time of the candle
    bar_length_ms: Millis


@dataclass(frozen=True, slots=True)
class SignalList:
    signals: tuple[Signal, ...]
    count: int


@dataclass(frozen=True, slots=True)
class SignalRows(View[SignalList]):
    """Every signal, in any status, newest first."""


@dataclass(frozen=True, slots=True)
class PendingText(View[str]):
    """The pending signals as text for a human."""


@dataclass(frozen=True, slots=True)
class SignalOf(View[Signal]):
    """The pending signal of one symbol."""

    symbol: Symbol


@dataclass(frozen=True, slots=True)
class SignalChanged:
    ok: OK = field(default=True, init=False)
    symbol: str
    status: Literal["consumed", "skipped"]
    signal: Signal


@dataclass(frozen=True, slots=True)
class ConfirmSignal(Message[SignalChanged]):
    """Mark a signal as executed; this places no order."""

    owner: ClassVar[str] = "signal_book"
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class RejectSignal(Message[SignalChanged]):
    """Mark a signal as not to be executed."""

    owner: ClassVar[str] = "signal_book"
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Cleanup:
    ok: OK = field(default=True, init=False)
    expired: tuple[str, ...]
    deleted: tuple[str, ...]
    count_expired: int
    count_deleted: int


@dataclass(frozen=True, slots=True)
class CleanUpSignals(Message[Cleanup]):
    """Expire pending signals of that age, and delete those already decided or expired."""

    owner: ClassVar[str] = "signal_book"
    max_age_minutes: Annotated[float, Ge(0), Le(525_600)] = 5.0


@dataclass(frozen=True, slots=True)
class Signaled:
    symbol: str
    direction: Direction
    status: PostStatus


@dataclass(frozen=True, slots=True)
class Skipped:
    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class ScanSignal:
    """The signals that a mean-reversion scan emitted, and for each other symbol the reason why not."""

    ok: OK = field(default=True, init=False)
    signaled: tuple[Signaled, ...]
    skipped: tuple[Skipped, ...]
    reason: Literal["", "daily_limit_reached", "trading_halted"] = ""
    scanned: int = 0


@dataclass(frozen=True, slots=True)
class ScanAndSignal(Message[ScanSignal]):
    """Scan for mean-reversion setups and emit a signal for each; without `symbols`, on the watchlist."""

    owner: ClassVar[str] = "mr_combined"
    licensed: ClassVar[bool] = True
    symbols: Annotated[list[Symbol], MinLen(1), MaxLen(100)] | None = None
    agent: Caller = "scout"

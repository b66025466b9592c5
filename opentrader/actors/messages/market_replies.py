"""The answers, as frozen values in the shape of the API's JSON. Instants are whole Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from opentrader.domain.agents import AgentCard, AgentName, AgentStatus, LogLine
from opentrader.domain.analysis.market import MarketContext, PriorityDecision, Regime, TraceVerdict
from opentrader.domain.analysis.trend import Score, Trend
from opentrader.domain.license import LicenseStatusName
from opentrader.domain.signals import Direction, PostStatus, SignalStatus
from opentrader.domain.timeframes import Timeframe

OK = Literal[True]


@dataclass(frozen=True, slots=True)
class Health:
    ok: OK = field(default=True, init=False)
    license_status: LicenseStatusName
    plan: str
    commit: str


@dataclass(frozen=True, slots=True)
class License:
    ok: OK = field(default=True, init=False)
    license_status: LicenseStatusName
    plan: str
    license_key: str | None
    email: str | None
    name: str | None
    machine_id: str
    activated_at: int | None
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class AgentUpdated:
    ok: OK = field(default=True, init=False)
    agent: AgentName
    status: AgentStatus
    action: str
    ts: int


@dataclass(frozen=True, slots=True)
class State:
    """The board as of `ts`; the log is newest first, at most 200 lines."""

    agents: dict[AgentName, AgentCard]
    log: tuple[LogLine, ...]
    ts: int


@dataclass(frozen=True, slots=True)
class ScanFailure:
    """One symbol that a scan could not read; the rest went through."""

    symbol: str
    code: str
    error: str


@dataclass(frozen=True, slots=True)
class TrendStored:
    ok: OK = field(default=True, init=False)
    symbol: str
    timeframe: Timeframe
    trend: Trend
    timestamp: int


@dataclass(frozen=True, slots=True)
class TrendRow:
    symbol: str
    timeframe: Timeframe
    source: str
    type: str
    trend: Trend
    score: Score
    age_sec: int
    stale: bool
    timestamp: int


@dataclass(frozen=True, slots=True)
class TrendAll:
    count: int
    ttl_sec: int
    data: tuple[TrendRow, ...]


@dataclass(frozen=True, slots=True)
class TrendScanRow:
    symbol: str
    trend: Trend
    regime: Regime
    no_trade: bool
    score: Score
    no_trade_reason: str = ""
    timestamp: int = 0


@dataclass(frozen=True, slots=True)
class TrendSummary:
    uptrend: int
    downtrend: int
    sideway: int
    unknown: int


@dataclass(frozen=True, slots=True)
class TrendScan:
    ok: OK = field(default=True, init=False)
    exchange: str
    timeframe: Timeframe
    scanned: int
    cached: int
    results: tuple[TrendScanRow, ...]
    summary: TrendSummary
    failed: tuple[ScanFailure, ...]


@dataclass(frozen=True, slots=True)
class MarketSummary:
    trade_long: int
    trade_short: int
    standby: int
    no_trade: int
    watch_regime_shift: int = 0


@dataclass(frozen=True, slots=True)
class MarketScan:
    exchange: str
    htf_tf: Timeframe
    mtf_tf: Timeframe
    scanned: int
    cached: int
    ttl_sec: int
    results: tuple[MarketContext, ...]
    summary: MarketSummary
    failed: tuple[ScanFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class MarketRow:
    symbol: str
    htf_tf: Timeframe
    mtf_tf: Timeframe
    priority_decision: PriorityDecision
    age_sec: int
    stale: bool
    timestamp: int


@dataclass(frozen=True, slots=True)
class MarketAll:
    count: int
    ttl_sec: int
    data: tuple[MarketRow, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the Priority System, its verdict, and what it looked at."""

    level: int
    name: str
    verdict: TraceVerdict
    decision: str
    reason: str
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explain:
    """Why a market was decided as it was; `decided_by` is the first level that blocked, or 7."""

    symbol: str
    htf_tf: Timeframe
    mtf_tf: Timeframe
    priority_decision: PriorityDecision
    no_trade_reason: str
    levels: tuple[Level, ...]
    decided_by: int
    context: MarketContext
    timestamp: int


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle; `timestamp` is its opening, and only the last of a list may still be running."""

    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    closed: bool


@dataclass(frozen=True, slots=True)
class CandleList:
    symbol: str
    timeframe: Timeframe
    source: str
    count: int
    candles: tuple[Candle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal as it is shown; `age_sec` and an expiry by the clock are as of the asking."""

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


@dataclass(frozen=True, slots=True)
class SignalList:
    signals: tuple[Signal, ...]
    count: int


@dataclass(frozen=True, slots=True)
class SignalChanged:
    ok: OK = field(default=True, init=False)
    symbol: str
    status: Literal["consumed", "skipped"]
    signal: Signal


@dataclass(frozen=True, slots=True)
class Cleanup:
    ok: OK = field(default=True, init=False)
    expired: tuple[str, ...]
    deleted: tuple[str, ...]
    count_expired: int
    count_deleted: int


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
    """What a mean-reversion scan emitted and, for each symbol that it did not, why not."""

    ok: OK = field(default=True, init=False)
    signaled: tuple[Signaled, ...]
    skipped: tuple[Skipped, ...]
    reason: Literal["", "daily_limit_reached", "trading_halted"] = ""
    scanned: int = 0

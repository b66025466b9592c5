"""Candles, trends, market contexts, and watchlist scans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, TypeVar

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import ConfigDict
from typing_extensions import TypedDict

from opentrader.actors.messages.types import OK, Caller, Instant, ScanFailure, Symbol, View
from opentrader.actors.runtime.message import Message
from opentrader.domain.analysis.market import MarketContext, PriorityDecision, Regime, TraceVerdict
from opentrader.domain.analysis.mean_reversion import MrSignal, NoSetup
from opentrader.domain.analysis.trend import Score, Trend, TrendResult
from opentrader.domain.timeframes import Timeframe, frames
from opentrader.errors import Fault

R = TypeVar("R")


class PostedIndicator(TypedDict, total=False):
    """One indicator of a posted trend: its vote, and any other fields that its author sent."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # pydantic reads it from the class
    vote: Trend


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
class TrendRows(View[TrendAll]):
    """The latest trend of each symbol and timeframe, computed or posted."""

    timeframe: Timeframe | None = None


@dataclass(frozen=True, slots=True)
class TrendStored:
    ok: OK = field(default=True, init=False)
    symbol: str
    timeframe: Timeframe
    trend: Trend
    timestamp: int


@dataclass(frozen=True, slots=True)
class StoreTrend(Message[TrendStored]):
    """Store a trend that an agent determined; the last write of a symbol and timeframe wins."""

    owner: ClassVar[str] = "trend_book"
    symbol: Symbol
    trend: Trend
    timeframe: Timeframe = "1h"
    source: Annotated[str, MinLen(1), MaxLen(64)] = "manual"
    type: Annotated[str, MinLen(1), MaxLen(32)] = "crypto"
    score: Score = field(default_factory=lambda: Score(0, 0, 0))
    indicators: dict[str, PostedIndicator] = field(default_factory=dict)
    timestamp: Instant | None = None


@dataclass(frozen=True, slots=True)
class NoteTrends(Message[None]):
    """Update the rows of trends that the daemon has just computed."""

    owner: ClassVar[str] = "trend_book"
    results: tuple[TrendResult, ...]


class OfMarket(Message[R]):
    """A query to the analyzer of one pair."""

    __slots__ = ()
    owner: ClassVar[str] = "market_analyzer"
    symbol: str

    @property
    def key(self) -> str | None:
        return self.symbol


@dataclass(frozen=True, slots=True)
class TrendOf(OfMarket[TrendResult]):
    """The six votes on one timeframe, computed now."""

    symbol: Symbol
    timeframe: Timeframe = "1h"


def _too_short(higher: Timeframe | None, middle: Timeframe) -> Iterator[Fault]:
    if higher is not None and not frames(higher, middle):
        yield Fault(("htf_tf",), f"{higher} is shorter than mtf_tf, {middle}", "value_error", input=higher)


@dataclass(frozen=True, slots=True)
class MarketOf(OfMarket[MarketContext]):
    """The full context of one market on two timeframes, from the cache while it is fresh."""

    symbol: Symbol
    mtf_tf: Timeframe = "4h"
    htf_tf: Timeframe | None = None

    def contradictions(self) -> Iterator[Fault]:
        return _too_short(self.htf_tf, self.mtf_tf)


@dataclass(frozen=True, slots=True)
class LevelReply:
    """One level of the Priority System, its verdict, and its inputs."""

    level: int
    name: str
    verdict: TraceVerdict
    decision: str
    reason: str
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explain:
    """The reasons for a decision; `decided_by` is the first level that blocked, or 7."""

    symbol: str
    htf_tf: Timeframe
    mtf_tf: Timeframe
    priority_decision: PriorityDecision
    no_trade_reason: str
    levels: tuple[LevelReply, ...]
    decided_by: int
    context: MarketContext
    timestamp: int


@dataclass(frozen=True, slots=True)
class ExplanationOf(OfMarket[Explain]):
    """The seven levels behind a decision, each with its verdict."""

    symbol: Symbol
    mtf_tf: Timeframe = "4h"
    htf_tf: Timeframe | None = None

    def contradictions(self) -> Iterator[Fault]:
        return _too_short(self.htf_tf, self.mtf_tf)


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle; `timestamp` is its open time. Only the last one of a list may not be closed yet."""

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


@dataclass(frozen=True, slots=True)
class CandlesOf(OfMarket[CandleList]):
    """The latest candles, including the one that is not closed yet."""

    symbol: Symbol
    timeframe: Timeframe = "1h"
    limit: Annotated[int, Ge(1), Le(1000)] = 200


@dataclass(frozen=True, slots=True)
class MrSignalOf(OfMarket[MrSignal | NoSetup]):
    """The mean-reversion setup at the last closed candle, or the reason why there is none."""

    symbol: Symbol


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
class MarketRows(View[MarketAll]):
    """A summary of every cached market context."""

    stale: bool = True


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
class ScanTrends(Message[TrendScan]):
    """The six votes on every symbol of the watchlist."""

    owner: ClassVar[str] = "scanner"
    timeframe: Timeframe = "1h"
    agent: Caller | None = None


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
class ScanMarkets(Message[MarketScan]):
    """The full context of every symbol of the watchlist."""

    owner: ClassVar[str] = "scanner"
    mtf_tf: Timeframe = "4h"
    agent: Caller | None = None

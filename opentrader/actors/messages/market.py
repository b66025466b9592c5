"""Candles, trends, market contexts, and scans of the watchlist."""

from __future__ import annotations

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
from opentrader.domain.timeframes import Timeframe

R = TypeVar("R")


class PostedIndicator(TypedDict, total=False):
    """What a posted trend says of one indicator: a vote, and whatever else its author kept beside it."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]
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
    """The latest trend known of each symbol and timeframe, computed here or posted."""

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
    """Keep a trend that an agent worked out; the last write of a symbol and timeframe wins."""

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
    """Refresh the rows of trends that the daemon has just computed."""

    owner: ClassVar[str] = "trend_book"
    results: tuple[TrendResult, ...]


class OfMarket(Message[R]):
    """A question to the analyzer of one pair."""

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


@dataclass(frozen=True, slots=True)
class MarketOf(OfMarket[MarketContext]):
    """The whole context of one market over two timeframes, from the cache while it is fresh."""

    symbol: Symbol
    mtf_tf: Timeframe = "4h"
    htf_tf: Timeframe | None = None


@dataclass(frozen=True, slots=True)
class LevelReply:
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


@dataclass(frozen=True, slots=True)
class CandlesOf(OfMarket[CandleList]):
    """The last candles, the running one included."""

    symbol: Symbol
    timeframe: Timeframe = "1h"
    limit: Annotated[int, Ge(1), Le(1000)] = 200


@dataclass(frozen=True, slots=True)
class MrSignalOf(OfMarket[MrSignal | NoSetup]):
    """The mean-reversion setup of the last closed candle, or why there is none."""

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
    """Every cached market context, in short."""

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
    """The six votes of every symbol of the watchlist."""

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
    """The whole context of every symbol of the watchlist."""

    owner: ClassVar[str] = "scanner"
    mtf_tf: Timeframe = "4h"
    agent: Caller | None = None

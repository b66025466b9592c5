"""Scans the watchlist: asks the analyzer of each pair and collects the replies."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from opentrader.actors.messages import (
    MarketOf,
    MarketScan,
    MarketSummary,
    NoteTrends,
    ScanFailure,
    ScanMarkets,
    ScanTrends,
    TrendOf,
    TrendScan,
    TrendScanRow,
    TrendSummary,
)
from opentrader.actors.operations.agent_activity import report_activity
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Ask, Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.analysis.trend import TrendResult
from opentrader.domain.time_limits import SCAN_SECONDS
from opentrader.domain.timeframes import HTF_OF, Timeframe
from opentrader.errors import OpentraderError

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Scope:
    """`watchlist` holds pairs; `names` maps each to its name in analysis results."""

    watchlist: tuple[str, ...]
    names: Mapping[str, str]
    source: str
    ttl_sec: int


@dataclass(frozen=True, slots=True)
class TrendsScanned(Message[TrendScan]):
    outcome: Outcome[TrendScan]


@dataclass(frozen=True, slots=True)
class MarketsScanned(Message[MarketScan]):
    outcome: Outcome[MarketScan]


class Scanner(Actor):
    """Its arguments are the fields of its `Scope`."""

    def __init__(
        self,
        context: Context,
        *,
        watchlist: tuple[str, ...],
        names: dict[str, str],
        source: str,
        ttl_sec: int,
    ) -> None:
        super().__init__(context)
        self._scope = Scope(watchlist, names, source, ttl_sec)

    @handles(ScanTrends)
    def scan_trends(self, message: ScanTrends) -> Reply[TrendScan]:
        scan = ask_trends(self.context.ask, self._scope, message.timeframe)
        what = f"Trend scan {message.timeframe}"
        return self.pipe(report_activity(self.context.tell, message.agent, what, scan), then=TrendsScanned)

    @handles(ScanMarkets)
    def scan_markets(self, message: ScanMarkets) -> Reply[MarketScan]:
        scan = ask_markets(self.context.ask, self._scope, message.mtf_tf)
        what = f"Market scan {message.mtf_tf}"
        return self.pipe(report_activity(self.context.tell, message.agent, what, scan), then=MarketsScanned)

    @handles(TrendsScanned)
    def trends_scanned(self, message: TrendsScanned) -> TrendScan:
        return message.outcome.unwrap()

    @handles(MarketsScanned)
    def markets_scanned(self, message: MarketsScanned) -> MarketScan:
        return message.outcome.unwrap()


async def ask_trends(ask: Ask, scope: Scope, timeframe: Timeframe) -> TrendScan:
    found, failed = await _each(ask, scope, lambda pair: TrendOf(symbol=pair, timeframe=timeframe))
    # Each analyzer has sent its trend to TrendBook: once that answers a later message, GET /api/trend/all has them.
    await ask(NoteTrends(()), timeout=SCAN_SECONDS)
    return trend_scan(scope.source, timeframe, found, failed)


async def ask_markets(ask: Ask, scope: Scope, mtf_tf: Timeframe) -> MarketScan:
    found, failed = await _each(ask, scope, lambda pair: MarketOf(symbol=pair, mtf_tf=mtf_tf))
    return market_scan(scope.source, mtf_tf, found, failed, scope.ttl_sec)


async def _each(ask: Ask, scope: Scope, question: Callable[[str], Message[R]]) -> tuple[list[R], list[ScanFailure]]:
    """Ask about all pairs in parallel; a pair that fails is reported, the others are returned."""
    asks = (ask(question(pair), timeout=SCAN_SECONDS) for pair in scope.watchlist)
    answers = await asyncio.gather(*asks, return_exceptions=True)
    found: list[R] = []
    failed: list[ScanFailure] = []
    for pair, answer in zip(scope.watchlist, answers, strict=True):
        if isinstance(answer, OpentraderError):
            failed.append(ScanFailure(scope.names[pair], answer.code, answer.detail))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found.append(answer)
    return found, failed


def trend_scan(source: str, timeframe: Timeframe, found: list[TrendResult], failed: list[ScanFailure]) -> TrendScan:
    """The reply to a trend scan; failed pairs count as scanned, but not as cached or in the summary."""
    counts = Counter(result.trend for result in found)
    summary = TrendSummary(
        uptrend=counts["uptrend"], downtrend=counts["downtrend"], sideway=counts["sideway"], unknown=counts["unknown"]
    )
    rows = tuple(_row(result) for result in found)
    return TrendScan(
        exchange=source,
        timeframe=timeframe,
        scanned=len(found) + len(failed),
        cached=len(found),
        results=rows,
        summary=summary,
        failed=tuple(failed),
    )


def market_scan(
    source: str, mtf_tf: Timeframe, found: list[MarketContext], failed: list[ScanFailure], ttl_sec: int
) -> MarketScan:
    """The reply to a market scan; failed pairs count as scanned, but not as cached or in the summary."""
    counts = Counter(context.priority_decision for context in found)
    summary = MarketSummary(
        trade_long=counts["trade_long"],
        trade_short=counts["trade_short"],
        standby=counts["standby"],
        no_trade=counts["no_trade"],
        watch_regime_shift=counts["watch_regime_shift"],
    )
    return MarketScan(
        exchange=source,
        htf_tf=HTF_OF[mtf_tf],
        mtf_tf=mtf_tf,
        scanned=len(found) + len(failed),
        cached=len(found),
        ttl_sec=ttl_sec,
        results=tuple(found),
        summary=summary,
        failed=tuple(failed),
    )


def _row(result: TrendResult) -> TrendScanRow:
    return TrendScanRow(
        symbol=result.symbol,
        trend=result.trend,
        regime=result.category,
        no_trade=result.no_trade,
        score=result.score,
        no_trade_reason=result.no_trade_reason,
        timestamp=result.timestamp,
    )

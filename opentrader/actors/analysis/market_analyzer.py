"""One actor per pair: updates its analysis at each closed candle, and answers queries about it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from opentrader.actors import messages
from opentrader.actors.analysis.candle_series import Arrived, CandleSeries, Key, due_ms, fetch_limit
from opentrader.actors.messages import (
    Candle,
    CandleList,
    Explain,
    LevelReply,
)
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.analysis.candles import clean
from opentrader.domain.analysis.market import MarketContext, TraceEntry
from opentrader.domain.analysis.mean_reversion import MrSignal, NoSetup
from opentrader.domain.analysis.parameters import HISTORY
from opentrader.domain.analysis.reading import candles_of
from opentrader.domain.analysis.trend import TrendResult
from opentrader.domain.ports import Feed, Kernels
from opentrader.domain.timeframes import HTF_OF, TF_MS, Timeframe

R = TypeVar("R")

FETCHING = "fetch"
Question = messages.TrendOf | messages.MarketOf | messages.ExplanationOf | messages.MrSignalOf
Finding = TrendResult | MarketContext | Explain | MrSignal | NoSetup


@dataclass(frozen=True, slots=True)
class Horizon:
    """How many candles the analysis reads, and how long it is cached."""

    mr_timeframe: Timeframe = "4h"
    mr_history: int = 1000
    ttl_seconds: int = 3600
    history: int = HISTORY


@dataclass(frozen=True, slots=True)
class Subject:
    """The pair that is analyzed, its name in results, and the ports that its candles and results come through."""

    pair: str
    name: str
    feed: Feed
    kernels: Kernels


@dataclass(frozen=True, slots=True)
class CachedContext:
    """A context; the market times in milliseconds of its computation and of the next closed candle."""

    context: MarketContext
    computed_ms: int
    due_ms: int

    def age_sec(self, now_ms: int) -> int:
        return max(0, now_ms - self.computed_ms) // 1000

    def stale(self, now_ms: int, ttl_seconds: int) -> bool:
        """Whether it is older than the cache allows, or a newer candle of either timeframe has closed."""
        return now_ms >= self.due_ms or self.age_sec(now_ms) >= ttl_seconds


@dataclass(frozen=True, slots=True)
class Fetched(Message[Finding]):
    """The candles that a query needs, by series."""

    question: Question
    now_ms: int
    outcome: Outcome[list[Arrived]]


@dataclass(frozen=True, slots=True)
class Interpreted(Message[Finding]):
    """A result computed in the child process while kernels compile, and when the next of its candles is due."""

    question: Question
    now_ms: int
    outcome: Outcome[tuple[Finding, int]]


@dataclass(frozen=True, slots=True)
class CandlesFetched(Message[CandleList]):
    outcome: Outcome[CandleList]


class MarketAnalyzer(Actor):
    """Runs one fetch at a time: queries that need candles wait for the fetch in progress."""

    def __init__(self, context: Context, feed: Feed, kernels: Kernels, horizon: Horizon) -> None:
        super().__init__(context)
        pair = context.key or ""
        self._subject = Subject(pair, feed.listings()[pair].name, feed, kernels)
        self._horizon = horizon
        self._series: dict[Key, CandleSeries] = {}
        self._cache: Mapping[tuple[Timeframe, Timeframe], CachedContext] = {}

    def exclusive_of(self, message: Message[Any]) -> str | None:
        """A query that the cache answers does not wait for candles.

        Any other may need candles by the time it is handled, even if none is due yet.
        """
        if isinstance(message, Question) and self._cached(message, self.context.clock.market_ms()) is None:
            return FETCHING
        return None

    @handles(messages.TrendOf)
    def trend(self, message: messages.TrendOf) -> TrendResult | Reply[TrendResult]:
        return self._question(message)

    @handles(messages.MarketOf)
    def market(self, message: messages.MarketOf) -> MarketContext | Reply[MarketContext]:
        return self._question(message)

    @handles(messages.ExplanationOf)
    def explain(self, message: messages.ExplanationOf) -> Explain | Reply[Explain]:
        return self._question(message)

    @handles(messages.MrSignalOf)
    def mr_signal(self, message: messages.MrSignalOf) -> MrSignal | NoSetup | Reply[MrSignal | NoSetup]:
        return self._question(message)

    @handles(messages.CandlesOf)
    def candles(self, message: messages.CandlesOf) -> Reply[CandleList]:
        return self.pipe(candle_list(self._subject, message, self.context.clock.market_ms()), then=CandlesFetched)

    @handles(CandlesFetched)
    def candles_fetched(self, message: CandlesFetched) -> CandleList:
        return message.outcome.unwrap()

    @handles(Fetched)
    def fetched(self, message: Fetched) -> Finding | Reply[Finding]:
        """Add the candles; a series that they do not continue is fetched again as a whole."""
        for arrived in message.outcome.unwrap():
            self._take(arrived, message.now_ms)
        broken = [key for key in self._keys(message.question) if key not in self._series]
        if broken:
            return self._fetch(message.question, broken, message.now_ms)
        return self._compute(message.question, message.now_ms)

    @handles(Interpreted)
    def interpreted(self, message: Interpreted) -> Finding:
        found, due = message.outcome.unwrap()
        return self._finish(message.question, found, message.now_ms, due)

    def _question(self, message: Message[R]) -> R | Reply[R]:
        """Gives each query its own reply type; all take the same path."""
        return cast("R | Reply[R]", self._react(cast(Question, message)))

    def _react(self, message: Question) -> Finding | Reply[Finding]:
        now_ms = self.context.clock.market_ms()
        known = self._cached(message, now_ms)
        if known is not None:
            return reply_to(message, known.context)
        if not self._subject.kernels.warm:
            return self.pipe(
                interpret(self._subject, message, self._keys(message), now_ms),
                then=lambda outcome: Interpreted(message, now_ms, outcome),
                exclusive=FETCHING,
            )
        due = self._due(message, now_ms)
        return self._fetch(message, due, now_ms) if due else self._compute(message, now_ms)

    def _cached(self, message: Question, now_ms: int) -> CachedContext | None:
        if not isinstance(message, messages.MarketOf | messages.ExplanationOf):
            return None
        entry = self._cache.get((message.mtf_tf, frame(message)))
        return None if entry is None or entry.stale(now_ms, self._horizon.ttl_seconds) else entry

    def _keys(self, message: Question) -> tuple[Key, ...]:
        """The series that a query reads; the middle timeframe first, so that the higher one never gets ahead."""
        history = self._horizon.history
        if isinstance(message, messages.MrSignalOf):
            return (Key(self._horizon.mr_timeframe, self._horizon.mr_history, replay=True),)
        if isinstance(message, messages.TrendOf):
            return (Key(message.timeframe, history),)
        return tuple(dict.fromkeys((Key(message.mtf_tf, history), Key(frame(message), history))))

    def _due(self, message: Question, now_ms: int) -> list[Key]:
        return [key for key in self._keys(message) if key not in self._series or now_ms >= self._series[key].due_ms]

    def _fetch(self, message: Question, keys: list[Key], now_ms: int) -> Reply[Finding]:
        limits = [(key, fetch_limit(key, self._series.get(key), now_ms)) for key in keys]
        return self.pipe(
            fetch(self._subject, limits, now_ms),
            then=lambda outcome: Fetched(message, now_ms, outcome),
            exclusive=FETCHING,
        )

    def _take(self, arrived: Arrived, now_ms: int) -> None:
        """Add the candles, or drop the series, which must then be rebuilt."""
        key, candles = arrived.key, clean(arrived.rows, arrived.key.timeframe, now_ms)
        series = self._series.pop(key, None)
        if arrived.whole:
            self._series[key] = CandleSeries(key, candles)
        elif series is not None and series.extend(candles):
            self._series[key] = series

    def _compute(self, message: Question, now_ms: int) -> Finding:
        subject, series = self._subject, [self._series[key] for key in self._keys(message)]
        if isinstance(message, messages.MrSignalOf):
            return series[0].state.mr_signal(now_ms=now_ms, symbol=subject.pair)
        if isinstance(message, messages.TrendOf):
            result = series[0].state.trend_result(now_ms=now_ms, symbol=subject.name, source=subject.feed.source)
            return self._finish(message, result, now_ms, series[0].due_ms)
        context = series[0].market_context(series[-1], now_ms, subject.name)
        return self._finish(message, context, now_ms, min(one.due_ms for one in series))

    def _finish(self, message: Question, found: Finding, now_ms: int, due: int) -> Finding:
        """Publish what was computed."""
        if isinstance(found, TrendResult):
            self.context.tell(messages.NoteTrends((found,)))
            return found
        if not isinstance(found, MarketContext):
            return found
        entry = CachedContext(found, now_ms, due)
        self._cache = {**self._cache, (found.mtf_tf, found.htf_tf): entry}
        self.publish(tuple(self._cache.values()))
        return reply_to(message, found)


async def fetch(subject: Subject, limits: list[tuple[Key, int]], now_ms: int) -> list[Arrived]:
    """The rows of each key, read in parallel; a limit that covers the history of its key makes them whole."""
    read = partial(candles_of, subject.feed, subject.pair, now_ms=now_ms)
    fetches = (read(key.timeframe, limit=limit) for key, limit in limits)
    rows = await asyncio.gather(*fetches)
    return [Arrived(key, got, limit >= key.history) for (key, limit), got in zip(limits, rows, strict=True)]


async def interpret(subject: Subject, message: Question, keys: tuple[Key, ...], now_ms: int) -> tuple[Finding, int]:
    """The result from the whole history of each key, and when the next of its candles is due."""
    arrived = await fetch(subject, [(key, key.history) for key in keys], now_ms)
    due = min(due_ms(clean(rows, key.timeframe, now_ms), key.timeframe) for key, rows, _ in arrived)
    return await _in_child(subject, message, arrived, now_ms), due


async def _in_child(subject: Subject, message: Question, arrived: list[Arrived], now_ms: int) -> Any:
    """The result of `_compute`, from the rows of each key, where kernels run while they compile."""
    run = partial(subject.kernels.run, now_ms=now_ms)
    first, last = arrived[0], arrived[-1]
    if isinstance(message, messages.MrSignalOf):
        return await run("opentrader.indicators.mr_signal", first.rows, first.key.timeframe, symbol=subject.pair)
    if isinstance(message, messages.TrendOf):
        named = {"symbol": subject.name, "source": subject.feed.source}
        return await run("opentrader.indicators.trend_result", first.rows, message.timeframe, **named)
    framed = {"htf_tf": frame(message), "mtf_tf": message.mtf_tf, "symbol": subject.name}
    return await run("opentrader.indicators.market_context", last.rows, first.rows, **framed)


async def candle_list(subject: Subject, message: messages.CandlesOf, now_ms: int) -> CandleList:
    """The latest candles, the forming one included."""
    rows = await candles_of(subject.feed, subject.pair, message.timeframe, limit=message.limit, now_ms=now_ms)
    step = TF_MS[message.timeframe]
    kept = clean(rows, message.timeframe, now_ms + step).rows()[-message.limit :].tolist()
    candles = tuple(_candle(row, row[0] + step <= now_ms) for row in kept if row[0] <= now_ms)
    return CandleList(
        symbol=subject.name,
        timeframe=message.timeframe,
        source=subject.feed.source,
        count=len(candles),
        candles=candles,
    )


def _candle(row: list[float], closed: bool) -> Candle:
    ts, open_, high, low, close, volume = row
    return Candle(timestamp=int(ts) // 1000, open=open_, high=high, low=low, close=close, volume=volume, closed=closed)


def frame(message: messages.MarketOf | messages.ExplanationOf) -> Timeframe:
    """The higher timeframe of a query: the one it names, else the default one of its middle timeframe."""
    return message.htf_tf or HTF_OF[message.mtf_tf]


def reply_to(message: Question, context: MarketContext) -> MarketContext | Explain:
    """The context itself, or the seven levels behind it."""
    if not isinstance(message, messages.ExplanationOf):
        return context
    levels = tuple(_level(entry, context) for entry in context.mtf.detail.priority_trace)
    decided_by = next((level.level for level in levels if level.verdict == "block"), len(levels))
    return Explain(
        symbol=context.symbol,
        htf_tf=context.htf_tf,
        mtf_tf=context.mtf_tf,
        priority_decision=context.priority_decision,
        no_trade_reason=context.no_trade_reason,
        levels=levels,
        decided_by=decided_by,
        context=context,
        timestamp=context.timestamp,
    )


def _level(entry: TraceEntry, context: MarketContext) -> LevelReply:
    return LevelReply(
        level=entry.level,
        name=entry.name,
        verdict=entry.verdict,
        decision=entry.decision,
        reason=entry.reason,
        inputs=_inputs(entry.level, context),
    )


def _inputs(level: int, context: MarketContext) -> dict[str, Any]:
    """The values that one level of the Priority System reads."""
    htf, mtf = context.htf, context.mtf
    direction: dict[str, Any] = {"trend_direction": mtf.trend_direction}
    place: dict[str, Any] = {"range_position": htf.range_position, "range_pct": htf.detail.range_pct}
    levels: dict[int, dict[str, Any]] = {
        1: {"regime": mtf.regime, "adx": mtf.detail.adx, "chop": mtf.detail.chop, "er": mtf.detail.er},
        2: {"regime": mtf.regime, "squeeze": mtf.detail.squeeze, "squeeze_bars": mtf.detail.squeeze_bars},
        3: {"regime": mtf.regime, "macro_phase": htf.macro_phase, **direction},
        4: {**direction, **place, "liquidity_profile": htf.liquidity_profile},
        5: {"regime": mtf.regime},
        6: {"bos_mode": mtf.bos_mode, "trend_age": mtf.trend_age, "macro_phase": htf.macro_phase, **direction},
        7: {"macro_phase": htf.macro_phase, **direction, **place},
    }
    return levels[level]

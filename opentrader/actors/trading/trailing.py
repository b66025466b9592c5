"""Trailing stops: raised when a candle of the bot's timeframe has closed, or on request; never lowered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from opentrader.actors import messages
from opentrader.actors.messages import (
    CandlesOf,
    MarketOf,
    ScanFailure,
)
from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.replies.outcomes import average_entry
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.domain.time_limits import LOOKUP_SECONDS
from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.lifecycle import Trade, trail
from opentrader.domain.trading.trailing import trail_stop
from opentrader.errors import NotReady, OpentraderError


@dataclass(frozen=True, slots=True)
class RaiseStop(Message[messages.StopMoved | None]):
    """Raise the stop of one trade."""

    owner = "position_manager"
    own = True
    id: str
    level: Decimal


@dataclass(frozen=True, slots=True)
class StopRaised(Message[messages.StopMoved | None]):
    trade: Trade
    old_sl: Decimal
    outcome: Outcome[None]


class TrailingStops(TradingPart):
    """Raises stops. `timeframe` is that of the bot."""

    def __init__(self, desk: Desk, loop: LifecycleLoop, timeframe: Timeframe) -> None:
        super().__init__(desk)
        self._loop = loop
        self._sight = Sight(desk.exchange, desk.links.ask, desk.snapshot, desk.rules.stop_gap, timeframe)
        self._candle = 0  # the number of the one that was looked at last

    def tick(self) -> None:
        """Check the stops whenever a candle has closed."""
        candle = self.links.clock.market_ms() // TF_MS[self._sight.timeframe]
        if candle > self._candle:
            self._candle = candle
            self.links.pipe(trailed(self._sight))

    @handles(messages.UpdateTrailing)
    def update(self, message: messages.UpdateTrailing) -> Reply[messages.Trailed]:
        return self.links.pipe(trailed(self._sight))

    @handles(RaiseStop)
    def raise_stop(self, message: RaiseStop) -> messages.StopMoved | Reply[messages.StopMoved | None] | None:
        trade = self.book.trades.get(message.id)
        if trade is None or trade.label != "PROTECTED" or trade.close_reason:
            return None
        now, pair = self.links.clock.market_ms(), trade.intent.symbol
        if pair not in self.book.filters:
            raise NotReady(f"{pair} has not been read since the start", hint="its stop stays where it is until then")
        wanted = trail(trade, message.level, self.book.filters[pair], now, self._rules)
        if wanted == trade:
            return None
        keep = self._journal.commit([self._loop.saving(wanted, "trail wanted", now)])
        return self.links.pipe(keep, then=partial(StopRaised, wanted, trade.sl), exclusive=pair)

    @handles(StopRaised)
    def raised(self, message: StopRaised) -> messages.StopMoved | None:
        message.outcome.unwrap()
        trade = message.trade
        self._loop.assign(trade)
        self._loop.hurry(trade)
        mark = self.book.marks.get(trade.intent.symbol, trade.want)
        return messages.StopMoved(
            symbol=trade.intent.symbol,
            id=trade.intent.id,
            old_sl_px=float(message.old_sl),
            new_sl_px=float(trade.want),
            mark_px=float(mark),
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """What trailing looks at. `spread`: a wider one, as a fraction of the price, leaves the stop where it is."""

    exchange: Exchange
    ask: Ask
    snapshot: Callable[[], TradingSnapshot]
    spread: Decimal
    timeframe: Timeframe


async def trailed(sight: Sight) -> messages.Trailed:
    trades = [trade for trade in sight.snapshot().open_trades() if trade.label == "PROTECTED"]
    answers = await asyncio.gather(*(trail_one(sight, trade) for trade in trades), return_exceptions=True)
    moved = tuple(answer for answer in answers if isinstance(answer, messages.StopMoved))
    failed = tuple(
        ScanFailure(trade.intent.symbol, answer.code, answer.detail)
        for trade, answer in zip(trades, answers, strict=True)
        if isinstance(answer, OpentraderError)
    )
    return messages.Trailed(checked=len(trades), updated=moved, count=len(moved), failed=failed)


async def trail_one(sight: Sight, trade: Trade) -> messages.StopMoved | None:
    """Raise the stop of a trade to the level of the trailing rule, from closed candles since the entry.

    The stop stays while the spread is wide or the account cannot be read.
    """
    pair, intent = trade.intent.symbol, trade.intent
    if degraded := sight.snapshot().degraded:
        raise NotReady(f"the account could not be read: {degraded}", hint="stops stay at their current level")
    ticker = await sight.exchange.ticker(pair)
    if ticker.ask - ticker.bid > sight.spread * ticker.last:
        return None  # the spread alone could trigger a stop this close to the last price
    context = await sight.ask(MarketOf(pair, sight.timeframe), timeout=LOOKUP_SECONDS)
    candles = await sight.ask(CandlesOf(pair, sight.timeframe, 500), timeout=LOOKUP_SECONDS)
    since = trade.entries[0].sent_at // 1000
    entry = float(average_entry(trade))
    highs = (c.high for c in candles.candles if c.closed and c.timestamp >= since)
    wanted = trail_stop(
        direction="buy",
        entry=entry,
        sl0=float(intent.sl),
        sl=float(trade.sl),
        best=max(entry, *highs),
        last=float(ticker.last),
        atr=context.mtf.atr_val,
        tick=float((await sight.exchange.filters(pair)).tick),
    )
    if wanted.reason not in {"break_even", "chandelier"}:
        return None
    return await sight.ask(RaiseStop(intent.id, Decimal(str(wanted.stop))), timeout=LOOKUP_SECONDS)

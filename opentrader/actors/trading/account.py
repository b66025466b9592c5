"""The account as last read, and the trailing stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.messages import (
    CandlesOf,
    MarketOf,
    ScanFailure,
)
from opentrader.actors.runtime.context import Ask, Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message, Tick
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.lifecycle_loop import TradeLoop
from opentrader.actors.trading.replies.outcomes import average_entry
from opentrader.actors.trading.replies.snapshot import AccountReading, TradingSnapshot
from opentrader.domain.ports import Clock
from opentrader.domain.symbols import QUOTE
from opentrader.domain.time_limits import LOOKUP_SECONDS
from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.lifecycle import LifecycleSettings, Trade, trail
from opentrader.domain.trading.ports import Records
from opentrader.domain.trading.trailing import trail_stop
from opentrader.errors import NotReady, OpentraderError, SymbolNotFound

ACCOUNT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answer(Message[Any]):
    """The reply that a coroutine has prepared for the caller."""

    outcome: Outcome[Any]


@dataclass(frozen=True, slots=True)
class ReadAccount(Message[None]):
    """Read the account now; it is also read every few seconds."""

    owner = "position_manager"


@dataclass(frozen=True, slots=True)
class AccountRead(Message[None]):
    outcome: Outcome[AccountReading]


@dataclass(frozen=True, slots=True)
class RaiseStop(Message[messages.StopMoved | None]):
    """Raise the stop of one trade."""

    owner = "position_manager"
    id: str
    level: Decimal


@dataclass(frozen=True, slots=True)
class StopRaised(Message[messages.StopMoved | None]):
    trade: Trade
    old_sl: Decimal
    outcome: Outcome[None]


class TradeUpkeep(TradeLoop):
    timeframe: Timeframe = "4h"
    """The timeframe of the bot: stops are checked whenever one of its candles closes."""

    def __init__(
        self, context: Context, exchange: Exchange, records: Records, *, rules: LifecycleSettings, instance: str
    ) -> None:
        super().__init__(context, exchange, records, rules=rules, instance=instance)
        self._snapshot = TradingSnapshot()
        self._account_at = -ACCOUNT_SECONDS
        self._trailed_ms = 0

    def answered(self, coro: Coroutine[Any, Any, Any]) -> Reply[Any]:
        """Reply with the result of a coroutine."""
        return self.pipe(coro, then=Answer)

    @handles(Answer)
    def answer(self, message: Answer) -> Any:
        return message.outcome.unwrap()

    def show(self) -> None:
        """Publish the current snapshot."""
        self._snapshot = replace(
            self._snapshot,
            trades=tuple(self.book.trades.values()),
            marks=dict(self.book.marks),
            filters=dict(self.book.filters),
            trades_today=self._day.trades_today(self.context.clock.market_ms()),
            pnl_today=self.book.pnl_today(self.context.clock.market_ms()),
        )
        self.publish(self._snapshot)

    def published(self) -> TradingSnapshot:
        """The latest snapshot, for coroutines: they hold no other state."""
        return self._snapshot

    def busy(self, pair: str) -> bool:
        """Whether a symbol has a trade that is open, is being opened, or was restored manually."""
        held = self._snapshot.open_trades(pair) or self._snapshot.entering(pair)
        return bool(held) or any(x.symbol == pair for x in self._snapshot.restored)

    # --- ticks: the account, and trailing stops at each closed candle

    @handles(Tick)
    def on_tick(self, message: Tick) -> None:
        super().on_tick(message)
        if message.at - self._account_at >= ACCOUNT_SECONDS:
            self._account_at = message.at
            self.read_account(ReadAccount())
        candle = self.context.clock.market_ms() // TF_MS[self.timeframe]
        if candle > self._trailed_ms:
            self._trailed_ms = candle
            self.answered(self._trailing())

    @handles(ReadAccount)
    def read_account(self, message: ReadAccount) -> Reply[None]:
        return self.pipe(account_of(self._exchange, self.context.clock), then=AccountRead)

    @handles(AccountRead)
    def account_read(self, message: AccountRead) -> Reply[None] | None:
        """The first successful read starts reconciliation; a failed read blocks entries."""
        if isinstance(message.outcome, Done):
            first = self._snapshot.account is None
            self._snapshot = replace(self._snapshot, account=message.outcome.value, degraded="")
            self.show()
            return self.start_reconciliation() if first else None
        self._snapshot = replace(self._snapshot, degraded=message.outcome.error.detail)
        self.show()
        return None

    def start_reconciliation(self) -> Reply[None] | None:
        """Reconcile: look for our orders at the exchange that the journal does not know."""
        raise NotImplementedError

    # --- trailing

    @handles(messages.UpdateTrailing)
    def update_trailing(self, message: messages.UpdateTrailing) -> Reply[Any]:
        return self.answered(self._trailing())

    def _trailing(self) -> Coroutine[Any, Any, messages.Trailed]:
        sight = Sight(self._exchange, self.context.ask, self.published, self._rules.stop_gap, self.timeframe)
        return trailed(sight)

    @handles(RaiseStop)
    def raise_stop(self, message: RaiseStop) -> messages.StopMoved | Reply[messages.StopMoved | None] | None:
        trade = self.book.trades.get(message.id)
        if trade is None or trade.label != "PROTECTED" or trade.close_reason:
            return None
        now, pair = self.context.clock.market_ms(), trade.intent.symbol
        wanted = trail(trade, message.level, self.book.filters[pair], now, self._rules)
        if wanted == trade:
            return None
        keep = self._journal.save(wanted, "trail wanted", now)
        return self.pipe(keep, then=partial(StopRaised, wanted, trade.sl), exclusive=pair)

    @handles(StopRaised)
    def raised(self, message: StopRaised) -> messages.StopMoved | None:
        message.outcome.unwrap()
        trade = message.trade
        self.assign(trade)
        self.drive(trade.intent.symbol, all=True)
        mark = self.book.marks.get(trade.intent.symbol, trade.want)
        return messages.StopMoved(
            symbol=trade.intent.symbol,
            id=trade.intent.id,
            old_sl_px=float(message.old_sl),
            new_sl_px=float(trade.want),
            mark_px=float(mark),
        )


async def account_of(exchange: Exchange, clock: Clock) -> AccountReading:
    """The balances, and the prices of the assets that have a market against the quote currency."""
    balances = await exchange.balances()
    prices: dict[str, Decimal] = {}
    for asset, balance in balances.items():
        if asset != QUOTE and balance.total > 0:
            with suppress(SymbolNotFound):  # a coin without a market at this exchange counts as worthless
                prices[asset] = (await exchange.ticker(asset + QUOTE)).last
    return AccountReading(quote=QUOTE, balances=balances, prices=prices, at=clock.market_ms())


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
    entry, snapshot = float(average_entry(trade)), sight.snapshot()
    highs = (c.high for c in candles.candles if c.closed and c.timestamp >= since)
    wanted = trail_stop(
        direction="buy",
        entry=entry,
        sl0=float(intent.sl),
        sl=float(trade.sl),
        best=max(entry, *highs),
        last=float(snapshot.marks[pair]),
        atr=context.mtf.atr_val,
        tick=float(snapshot.filters[pair].tick),
    )
    if wanted.reason not in {"break_even", "chandelier"}:
        return None
    return await sight.ask(RaiseStop(intent.id, Decimal(str(wanted.stop))), timeout=LOOKUP_SECONDS)

"""What keeps the trades in order beside the loop: the account, trailing stops, and what was lost and found again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import orjson

from opentrader.actors import trading_messages as m
from opentrader.actors import trading_replies as t
from opentrader.actors.context import Context
from opentrader.actors.handles import handles
from opentrader.actors.message import Message, Tick
from opentrader.actors.messages import CandlesOf, MarketOf
from opentrader.actors.outcome import Done, Outcome
from opentrader.actors.replies import ScanFailure
from opentrader.actors.reply import Reply
from opentrader.actors.trade_loop import TradeLoop
from opentrader.actors.trade_results import average_entry
from opentrader.actors.trade_shown import shown
from opentrader.actors.trading_desk import Account, Desk
from opentrader.domain.exchange import Exchange
from opentrader.domain.lifecycle import Rebuilt, Settings, Trade, rebuilt, trail
from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.domain.trading_ports import ControlStore, DayStore, History, Journal
from opentrader.domain.trailing import trail_stop
from opentrader.domain.venue import ZERO, Watch
from opentrader.domain.venue_calls import read
from opentrader.errors import OpentraderError, TradeExists

QUOTE = "USDT"
ACCOUNT_SECONDS = 5.0
ASK_SECONDS = 60.0
RESTORED = "restored"
TRAIL_TIMEFRAME: Timeframe = "4h"
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Answer(Message[Any]):
    """What a coroutine has put together for the asker."""

    outcome: Outcome[Any]


@dataclass(frozen=True, slots=True)
class ReadAccount(Message[None]):
    """Read the account now; it is read every few seconds anyway."""

    owner = "position_manager"


@dataclass(frozen=True, slots=True)
class AccountRead(Message[None]):
    outcome: Outcome[Account]


@dataclass(frozen=True, slots=True)
class Raise(Message[t.StopMoved | None]):
    """Ask for a higher stop of one trade."""

    owner = "position_manager"
    id: str
    level: Decimal


@dataclass(frozen=True, slots=True)
class Raised(Message[t.StopMoved | None]):
    trade: Trade
    old_sl: Decimal
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class RebuiltTrades(Message[tuple[tuple[Trade, ...], int, bool]]):
    """Look for the trades behind our own orders at the venue; see `rebuilt_trades`."""

    owner = "position_manager"


@dataclass(frozen=True, slots=True)
class Adopt(Message[tuple[Trade, ...]]):
    """Take over trades that were rebuilt from the venue, those that are not known yet."""

    owner = "position_manager"
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True)
class Adopted(Message[tuple[Trade, ...]]):
    trades: tuple[Trade, ...]
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class RestoreKept(Message[t.Restored]):
    trade: t.Trade
    outcome: Outcome[None]


class TradeUpkeep(TradeLoop):
    def __init__(
        self,
        context: Context,
        exchange: Exchange,
        journal: Journal,
        history: History,
        day: DayStore,
        control: ControlStore,
        rules: Settings,
        *,
        instance: str,
    ) -> None:
        super().__init__(context, exchange, journal, day, rules)
        self._history, self._control_store, self._instance = history, control, instance
        self._desk = Desk()
        self._account_at = -ACCOUNT_SECONDS
        self._trailed_ms = 0
        self._boot_ms = context.clock.market_ms()

    def answered(self, coro: Coroutine[Any, Any, Any]) -> Reply[Any]:
        """Answer the asker with what a coroutine returns."""
        return self.pipe(coro, then=Answer)

    @handles(Answer)
    def answer(self, message: Answer) -> Any:
        return message.outcome.unwrap()

    def show(self) -> None:
        """Publish the desk as it is now."""
        self._desk = replace(
            self._desk,
            trades=tuple(self._trades.values()),
            marks=dict(self._marks),
            filters=dict(self._filters),
            trades_today=self._day.trades_today(self.context.clock.market_ms()),
            pnl_today=self.pnl_today(),
        )
        self.publish(self._desk)

    def pnl_today(self) -> Decimal:
        """What was closed since 00:00 UTC has brought."""
        now = self.context.clock.market_ms()
        midnight = (now - now % DAY_MS) // 1000
        return sum((row.pnl for row in self._rows.values() if row and row.closed_at >= midnight), ZERO)

    # --- time: the account, and trailing at each closed candle

    @handles(Tick)
    def look_around(self, message: Tick) -> None:
        super().look_around(message)
        if message.at - self._account_at >= ACCOUNT_SECONDS:
            self._account_at = message.at
            self.read_account(ReadAccount())
        candle = self.context.clock.market_ms() // TF_MS[TRAIL_TIMEFRAME]
        if candle > self._trailed_ms:
            self._trailed_ms = candle
            self.answered(self._trailed())

    @handles(ReadAccount)
    def read_account(self, message: ReadAccount) -> Reply[None]:
        return self.pipe(self._read_account(), then=AccountRead)

    @handles(AccountRead)
    def account_read(self, message: AccountRead) -> None:
        """The first good read opens the gate: before it nothing is known of the venue."""
        if isinstance(message.outcome, Done):
            first = not self._desk.reconciled
            self._desk = replace(self._desk, account=message.outcome.value, reconciled=True)
            self.show()
            if first:
                self.answered(self._looked_for_lost())

    async def _looked_for_lost(self) -> None:
        """At the start: take over what is ours at the venue and unknown here, and see whether somebody else trades."""
        found, _, second = await self.rebuilt_trades()
        if second:
            await self.halted_by("a second daemon trades on this account")
        await self.context.ask(Adopt(found), timeout=ASK_SECONDS)

    async def halted_by(self, reason: str) -> None:
        """Let no entry in until somebody resumes."""
        raise NotImplementedError

    async def _read_account(self) -> Account:
        balances = await self._exchange.balances()
        prices: dict[str, Decimal] = {}
        for asset, balance in balances.items():
            if asset != QUOTE and balance.total > 0:
                prices[asset] = (await self._exchange.ticker(asset + QUOTE)).last
        return Account(QUOTE, balances, prices, self.context.clock.market_ms())

    # --- trailing

    @handles(m.UpdateTrailing)
    def update_trailing(self, message: m.UpdateTrailing) -> Reply[Any]:
        return self.answered(self._trailed())

    async def _trailed(self) -> t.Trailed:
        trades = [trade for trade in self._desk.open_trades() if trade.label == "PROTECTED"]
        answers = await asyncio.gather(*map(self._trail_one, trades), return_exceptions=True)
        moved = tuple(answer for answer in answers if isinstance(answer, t.StopMoved))
        failed = tuple(
            ScanFailure(trade.intent.symbol, answer.code, answer.detail)
            for trade, answer in zip(trades, answers, strict=True)
            if isinstance(answer, OpentraderError)
        )
        return t.Trailed(checked=len(trades), updated=moved, count=len(moved), failed=failed)

    async def _trail_one(self, trade: Trade) -> t.StopMoved | None:
        """Where the rule wants the stop, on the closed candles since the entry."""
        pair, intent = trade.intent.symbol, trade.intent
        context = await self.context.ask(MarketOf(pair, TRAIL_TIMEFRAME), timeout=ASK_SECONDS)
        candles = await self.context.ask(CandlesOf(pair, TRAIL_TIMEFRAME, 500), timeout=ASK_SECONDS)
        since = trade.entries[0].sent_at // 1000
        entry, sl, filters = float(average_entry(trade)), float(trade.sl), self._desk.filters[pair]
        highs = (c.high for c in candles.candles if c.closed and c.timestamp >= since)
        last, atr = float(self._desk.marks[pair]), context.mtf.atr_val
        wanted = trail_stop(
            "buy", entry, float(intent.sl), sl, max(entry, *highs), last, atr, float(filters.tick)
        )  # fmt: skip
        if wanted.reason not in {"break_even", "chandelier"}:
            return None
        return await self.context.ask(Raise(intent.id, Decimal(str(wanted.stop))), timeout=ASK_SECONDS)

    @handles(Raise)
    def raise_stop(self, message: Raise) -> t.StopMoved | Reply[t.StopMoved | None] | None:
        trade = self._trades.get(message.id)
        if trade is None or trade.label != "PROTECTED" or trade.close_reason:
            return None
        now, pair = self.context.clock.market_ms(), trade.intent.symbol
        wanted = trail(trade, message.level, self._filters[pair], now, self._rules)
        if wanted == trade:
            return None
        keep = self._journal.save(wanted, "trail wanted", now)
        return self.pipe(keep, then=partial(Raised, wanted, trade.sl), exclusive=pair)

    @handles(Raised)
    def raised(self, message: Raised) -> t.StopMoved | None:
        message.outcome.unwrap()
        trade = message.trade
        self.assign(trade)
        self.drive(trade.intent.symbol, all=True)
        mark = self._marks.get(trade.intent.symbol, trade.want)
        return t.StopMoved(trade.intent.symbol, trade.intent.id, float(message.old_sl), float(trade.want), float(mark))

    # --- what was lost

    @handles(m.RecoverTrades)
    def recover(self, message: m.RecoverTrades) -> Reply[Any]:
        return self.answered(self._recovered())

    async def _recovered(self) -> t.TradesRecovered:
        found, known, _ = await self.rebuilt_trades()
        adopted = await self.context.ask(Adopt(found), timeout=ASK_SECONDS)
        now = self.context.clock.market_ms()
        trades = tuple(shown(x, self._marks.get(x.intent.symbol), now) for x in adopted if x.intent.kind == "market")
        return t.TradesRecovered(recovered=len(adopted), skipped=known, trades=trades)

    @handles(RebuiltTrades)
    def rebuild(self, message: RebuiltTrades) -> Reply[Any]:
        return self.answered(self.rebuilt_trades())

    async def rebuilt_trades(self) -> tuple[tuple[Trade, ...], int, bool]:
        """The trades behind own orders at the venue that nobody here knows, how many are known, and whether another
        daemon has placed orders since this one started."""
        now, found, second = self.context.clock.market_ms(), list[Trade](), False
        open_orders, balances = await self._exchange.open_everywhere(), await self._exchange.balances()
        held = {asset + QUOTE for asset, balance in balances.items() if asset != QUOTE and balance.total > 0}
        for symbol in sorted(held | set(open_orders)):
            view = await read(self._exchange, Watch(symbol, since=now - WEEK_MS))
            result: Rebuilt = rebuilt(view, self._instance, self._boot_ms, self._desk.trades, self._rules)
            found += result.trades
            second = second or result.second_daemon
        return tuple(found), len(self._desk.open_trades()) + len(self._desk.pending()), second

    @handles(Adopt)
    def adopt(self, message: Adopt) -> tuple[Trade, ...] | Reply[tuple[Trade, ...]]:
        tails = {key[-8:] for key in self._trades}
        new = tuple(trade for trade in message.trades if trade.intent.id[-8:] not in tails)
        return self.pipe(self._keep_adopted(new), then=partial(Adopted, new)) if new else ()

    async def _keep_adopted(self, trades: tuple[Trade, ...]) -> None:
        for trade in trades:
            await self._journal.save(trade, "recovered", self.context.clock.market_ms())

    @handles(Adopted)
    def adopted(self, message: Adopted) -> tuple[Trade, ...]:
        message.outcome.unwrap()
        for trade in message.trades:
            self.take_over(trade)
            self.drive(trade.intent.symbol)
        self.show()
        return message.trades

    @handles(m.SyncTrades)
    def sync(self, message: m.SyncTrades) -> t.Synced:
        """Every closed trade of ours is booked with the commit that ends it; nothing is left to import."""
        return t.Synced(synced=0, skipped=self._history.total(), trades=())

    # --- restored by hand

    @handles(m.RestoreTrade)
    def restore(self, message: m.RestoreTrade) -> Reply[t.Restored]:
        pair = message.symbol
        if self._desk.open_trades(pair) or any(x.symbol == pair for x in self._desk.restored):
            raise TradeExists(f"a trade of {pair} is open", hint="close it first")
        now = self.context.clock.market_ms() // 1000
        trade = t.Trade(
            self.context.ids.new(), pair, message.direction, message.size, message.entry_px, message.sl_px,  # type: ignore[arg-type]
            message.tp_px, message.sl_oid, message.tp_oid, message.bot, message.date or _day(now), "", "restored", now,
            verified=False, state="restored",
        )  # fmt: skip
        keep = self.keep_restored((*self._desk.restored, trade))
        return self.pipe(keep, then=partial(RestoreKept, trade), exclusive=pair)

    @handles(RestoreKept)
    def restored(self, message: RestoreKept) -> t.Restored:
        message.outcome.unwrap()
        self._desk = replace(self._desk, restored=(*self._desk.restored, message.trade))
        self.show()
        return t.Restored(trade=message.trade)

    async def keep_restored(self, trades: tuple[t.Trade, ...]) -> None:
        await self._control_store.keep_value(RESTORED, orjson.dumps([asdict(trade) for trade in trades]).decode())

    def restored_before(self) -> tuple[t.Trade, ...]:
        """The trades that were restored by hand and not closed since."""
        return tuple(t.Trade(**row) for row in orjson.loads(self._control_store.value(RESTORED) or "[]"))


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()

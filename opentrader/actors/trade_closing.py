"""What ends: positions, pending entries, the day, and entering itself while trading is halted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from opentrader.actors import trading_messages as m
from opentrader.actors import trading_replies as t
from opentrader.actors.context import Context
from opentrader.actors.handles import handles
from opentrader.actors.message import Message
from opentrader.actors.outcome import Outcome
from opentrader.actors.replies import ScanFailure
from opentrader.actors.reply import Reply
from opentrader.actors.trade_log import tell_control
from opentrader.actors.trade_restored import RestoredTrades
from opentrader.actors.trade_results import shown as row_shown
from opentrader.actors.trade_shown import is_pending, pending
from opentrader.domain.exchange import Exchange
from opentrader.domain.ledger import ClosedTrade, Control
from opentrader.domain.lifecycle import Settings, Trade, cancel_entry, close
from opentrader.domain.trading_ports import Records
from opentrader.domain.venue import ZERO
from opentrader.errors import OpentraderError, PendingEntryNotFound, PositionNotFound

CLOSE_SECONDS = 280.0


@dataclass(frozen=True, slots=True)
class CloseTrades(Message[tuple[ClosedTrade, ...]]):
    """Close the trades of one pair, for a reason."""

    owner = "position_manager"
    pair: str
    reason: str


@dataclass(frozen=True, slots=True)
class CloseKept(Message[tuple[ClosedTrade, ...]]):
    pair: str
    trades: tuple[Trade, ...]
    orphans: tuple[ClosedTrade, ...]
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class ClosedUp(Message[tuple[ClosedTrade, ...]]):
    trades: tuple[Trade, ...]
    orphans: tuple[ClosedTrade, ...]
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class TakeBack(Message[t.PendingEntry]):
    """Cancel one pending entry."""

    owner = "position_manager"
    id: str


@dataclass(frozen=True, slots=True)
class TakenBack(Message[t.PendingEntry]):
    trade: Trade
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class ControlKept(Message[Control]):
    control: Control
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class KeepControl(Message[Control]):
    """Persist a control, then obey it."""

    owner = "position_manager"
    change: Callable[[Control], Control]


@dataclass(frozen=True, slots=True)
class DayReset(Message[t.DailyReset]):
    outcome: Outcome[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody waits until a condition holds of these trades."""

    ids: frozenset[str]
    holds: Callable[[], bool]
    wake: Reply[None]


@dataclass(frozen=True, slots=True)
class Await(Message[None]):
    owner = "position_manager"
    waiter: Waiter


class TradeClosing(RestoredTrades):
    """Commands that end something: positions, entries, the day, and the halt that ends all entering."""

    def __init__(
        self, context: Context, exchange: Exchange, records: Records, *, rules: Settings, instance: str
    ) -> None:
        super().__init__(context, exchange, records, rules=rules, instance=instance)
        self._waiters: list[Waiter] = []

    # --- closing

    @handles(m.ClosePosition)
    def close_position(self, message: m.ClosePosition) -> Any:
        if not self._closable(message.symbol):
            raise PositionNotFound(f"there is no position in {message.symbol}", hint="GET /api/trades lists them")
        return self.answered(self._close_one(message.symbol))

    async def _close_one(self, pair: str) -> t.Closed:
        rows = await self.context.ask(CloseTrades(pair, "close"), timeout=CLOSE_SECONDS)
        return t.Closed(symbol=pair, closed=tuple(map(row_shown, rows)), count=len(rows))

    async def _sold(self, message: m.ExecuteTrade) -> t.TradeSold:
        rows = await self.context.ask(CloseTrades(message.symbol, "sell"), timeout=CLOSE_SECONDS)
        now = self.context.clock.market_ms() // 1000
        return t.TradeSold(closed=tuple(map(row_shown, rows)), agent=message.agent, timestamp=now)

    @handles(m.CloseAll)
    def close_all(self, message: m.CloseAll) -> Any:
        return self.answered(self._close_everything())

    async def _close_everything(self) -> t.ClosedAll:
        """A gate keeps entries out until it ends; the symbols are closed in parallel, each for itself."""
        now = self.context.clock.market_ms() // 1000
        await self._obey(lambda control: replace(control, closeall_since=now))
        pairs = sorted({trade.symbol for trade in self._desk.restored} | {x.intent.symbol for x in self._to_close()})
        asks = (self.context.ask(CloseTrades(pair, "closeall"), timeout=CLOSE_SECONDS) for pair in pairs)
        answers = await asyncio.gather(*asks, return_exceptions=True)
        await self._obey(lambda control: replace(control, closeall_since=None))
        closed = [row_shown(row) for answer in answers if isinstance(answer, tuple) for row in answer]
        failed = [
            ScanFailure(pair, answer.code, answer.detail)
            for pair, answer in zip(pairs, answers, strict=True)
            if isinstance(answer, OpentraderError)
        ]
        return t.ClosedAll(not failed, tuple(closed), tuple(failed), len(closed))

    @handles(CloseTrades)
    def close_trades(self, message: CloseTrades) -> Any:
        now = self.context.clock.market_ms()
        trades = tuple(close(trade, message.reason, now) for trade in self._to_close(message.pair))
        orphans = tuple(_orphan(x, now) for x in self._desk.restored if x.symbol == message.pair)
        keep = self._keep_closing(trades, orphans, message.reason, now)
        return self.pipe(keep, then=partial(CloseKept, message.pair, trades, orphans), exclusive=message.pair)

    @handles(CloseKept)
    def carry_out_close(self, message: CloseKept) -> Any:
        message.outcome.unwrap()
        if message.orphans:
            self._desk = replace(self._desk, restored=self._without(message.pair))
            self.show()
        for trade in message.trades:
            self.assign(trade)
        self.drive(message.pair, all=True)
        ids = frozenset(trade.intent.id for trade in message.trades)
        waiting = self._until(ids, lambda: ids <= self._rows.keys())
        return self.pipe(waiting, then=partial(ClosedUp, message.trades, message.orphans))

    @handles(ClosedUp)
    def closed_up(self, message: ClosedUp) -> tuple[ClosedTrade, ...]:
        message.outcome.unwrap()
        rows = (self._rows[trade.intent.id] for trade in message.trades)
        return (*message.orphans, *(row for row in rows if row is not None))

    async def _keep_closing(
        self, trades: Sequence[Trade], orphans: Sequence[ClosedTrade], reason: str, now: int
    ) -> None:
        for trade in trades:
            await self._journal.save(trade, f"{reason} asked", now)
        if orphans:
            await self._history.add(orphans, now)
            await self.keep_restored(self._without(orphans[0].symbol))

    # --- pending entries

    @handles(TakeBack)
    def take_back(self, message: TakeBack) -> Any:
        trade = self._trades.get(message.id)
        if trade is None or not is_pending(trade):
            raise PendingEntryNotFound(f"there is no pending entry {message.id}", hint="GET /api/pending-entries")
        wanted, now = cancel_entry(trade), self.context.clock.market_ms()
        keep = self._journal.save(wanted, "cancel asked", now)
        return self.pipe(keep, then=partial(TakenBack, wanted), exclusive=trade.intent.symbol)

    @handles(TakenBack)
    def taken_back(self, message: TakenBack) -> Any:
        message.outcome.unwrap()
        self.assign(message.trade)
        self.drive(message.trade.intent.symbol, all=True)
        return self.answered(self._until_taken_back(message.trade))

    async def _until_taken_back(self, trade: Trade) -> t.PendingEntry:
        key, last = trade.intent.id, trade

        def ended() -> bool:
            nonlocal last
            last = self._trades.get(key, last)
            return not is_pending(last)

        await self._until(frozenset({key}), ended)
        return pending(last)

    # --- halt and the day

    @handles(m.Halt)
    def halt(self, message: m.Halt) -> Any:
        return self.answered(self._halted(message))

    async def _halted(self, message: m.Halt) -> t.Halted:
        now = self.context.clock.market_ms() // 1000
        control = await self._obey(
            lambda c: replace(c, halted=True, reason=message.reason, since=c.since if c.halted else now)
        )
        waiting = self._desk.pending() if message.cancel_pending else []
        asks = (self.context.ask(TakeBack(x.intent.id), timeout=CLOSE_SECONDS) for x in waiting)
        answers = await asyncio.gather(*asks, return_exceptions=True)
        cancelled = tuple(answer for answer in answers if isinstance(answer, t.PendingEntry))
        return t.Halted(halted=True, reason=control.reason, since=control.since, cancelled_entries=cancelled)

    async def halted_by(self, reason: str) -> None:
        now = self.context.clock.market_ms() // 1000
        await self._obey(lambda control: replace(control, halted=True, reason=reason, since=now))

    @handles(m.Resume)
    def resume(self, message: m.Resume) -> Any:
        return self.answered(self._resumed())

    async def _resumed(self) -> t.Halted:
        await self._obey(lambda control: Control(closeall_since=control.closeall_since))
        return t.Halted(halted=False, reason="", since=None, cancelled_entries=())

    async def _obey(self, change: Callable[[Control], Control]) -> Control:
        return await self.context.ask(KeepControl(change), timeout=CLOSE_SECONDS)

    @handles(KeepControl)
    def keep_control(self, message: KeepControl) -> Reply[Control]:
        control = message.change(self._desk.control)
        keep = self._control_store.keep(control)
        return self.pipe(keep, then=partial(ControlKept, control), exclusive="control")

    @handles(ControlKept)
    def control_kept(self, message: ControlKept) -> Control:
        message.outcome.unwrap()
        tell_control(self._desk.control, message.control)
        self._desk = replace(self._desk, control=message.control)
        self.show()
        return message.control

    @handles(m.ResetDaily)
    def reset_daily(self, message: m.ResetDaily) -> Reply[t.DailyReset]:
        return self.pipe(self._day.reset(self.context.clock.market_ms()), then=DayReset)

    @handles(DayReset)
    def day_reset(self, message: DayReset) -> t.DailyReset:
        before, after = message.outcome.unwrap()
        self.show()
        return t.DailyReset(trades_today_before=before, trades_today_after=after)

    # --- waiting for an outcome

    def changed(self, before: Trade | None, after: Trade) -> None:
        self.show()
        woken = [w for w in self._waiters if after.intent.id in w.ids and w.holds()]
        self._waiters = [w for w in self._waiters if w not in woken]
        for waiter in woken:
            waiter.wake.set(None)

    async def _until(self, ids: frozenset[str], holds: Callable[[], bool]) -> None:
        """Return once a condition holds; it is looked at after each change of these trades."""
        waiter = Waiter(ids, holds, Reply())
        self.context.tell(Await(waiter))
        await waiter.wake

    @handles(Await)
    def wait(self, message: Await) -> None:
        if message.waiter.holds():
            message.waiter.wake.set(None)
        else:
            self._waiters.append(message.waiter)

    # --- small parts

    def _to_close(self, pair: str | None = None) -> list[Trade]:
        """What a close is about: positions, and market entries on their way."""
        held = self._desk.open_trades(pair)
        coming = [x for x in self._desk.trades if pair in (None, x.intent.symbol) and x.intent.kind == "market"]
        return held + [x for x in coming if x.entry_works and x not in held]

    def _without(self, pair: str) -> tuple[t.Trade, ...]:
        return tuple(x for x in self._desk.restored if x.symbol != pair)

    def _closable(self, pair: str) -> bool:
        return bool(self._to_close(pair)) or any(x.symbol == pair for x in self._desk.restored)


def _orphan(restored: t.Trade, now_ms: int) -> ClosedTrade:
    """The end of a restored trade that the exchange does not hold: out of the statistics."""
    px = Decimal(str(restored.entry_px or 0))
    return ClosedTrade(
        restored.id,
        restored.symbol,
        restored.direction,
        Decimal(str(restored.size)),
        px,
        px,
        ZERO,
        ZERO,
        restored.bot,
        "restored",
        "orphan",
        restored.opened_at,
        now_ms // 1000,
        restored.agent or None,
        counted=False,
    )

"""Closing positions, canceling pending entries, resetting the day, halt and resume."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.messages import (
    ScanFailure,
)
from opentrader.actors.runtime.context import Ask, Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.control import SetControl, changed_control, halted_by, resumed
from opentrader.actors.trading.log import log_control
from opentrader.actors.trading.recovery.restore import RestoredTrades
from opentrader.actors.trading.replies.outcomes import closed_trade_reply
from opentrader.actors.trading.replies.presenter import entry_reply, is_at_stake, is_pending
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.actors.trading.waiters import Waiters, until
from opentrader.domain.ports import Clock
from opentrader.domain.time_limits import CLOSE_SECONDS
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import ClosedTrade, Control
from opentrader.domain.trading.lifecycle import LifecycleSettings, Trade, cancel_entry, close
from opentrader.domain.trading.ports import Records
from opentrader.domain.trading.venue import ZERO
from opentrader.errors import ExchangeError, InternalError, OpentraderError, PendingEntryNotFound, PositionNotFound

logger = logging.getLogger(__name__)

Published = Callable[[], TradingSnapshot]
Tell = Callable[[Message[Any]], None]


@dataclass(frozen=True, slots=True)
class CloseTrades(Message[tuple[ClosedTrade, ...]]):
    """Close the trades of one pair."""

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
class AllClosed(Message[messages.ClosedAll]):
    outcome: Outcome[messages.ClosedAll]


@dataclass(frozen=True, slots=True)
class CancelPendingEntry(Message[messages.PendingEntry]):
    """Cancel one pending entry."""

    owner = "position_manager"
    id: str


@dataclass(frozen=True, slots=True)
class CancelCommitted(Message[messages.PendingEntry]):
    trade: Trade
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class ControlStored(Message[Control]):
    control: Control
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class DayReset(Message[messages.DailyReset]):
    outcome: Outcome[tuple[int, int]]


class TradeClosing(RestoredTrades):
    """The commands that end something: positions, entries, the day, and all entries by a halt."""

    def __init__(
        self, context: Context, exchange: Exchange, records: Records, *, rules: LifecycleSettings, instance: str
    ) -> None:
        super().__init__(context, exchange, records, rules=rules, instance=instance)
        self._waiters = Waiters(self.links)
        self.join(self._waiters)
        self._closealls = 0  # in progress

    # --- closing

    @handles(messages.ClosePosition)
    def close_position(self, message: messages.ClosePosition) -> Any:
        pair = message.symbol
        held = bool(self.restored_of(pair)) or self.holds(pair)
        return self.answered(closed_one(self.context.ask, pair, held=held))

    @handles(messages.CloseAll)
    def close_all(self, message: messages.CloseAll) -> Any:
        return self.close_everything()

    def close_everything(self) -> Reply[messages.ClosedAll]:
        self._closealls += 1
        return self.pipe(closed_everything(self.context.ask, self.published, self.context.clock), then=AllClosed)

    @handles(AllClosed)
    def all_closed(self, message: AllClosed) -> Reply[messages.ClosedAll]:
        self._closealls -= 1
        return self.answered(reopened(self.context.ask, self._ended_closeall, message.outcome))

    def _ended_closeall(self, control: Control) -> Control:
        """The last closeall allows entries again, whatever its outcome."""
        return control if self._closealls else replace(control, closeall_since=None)

    def opened(self) -> None:
        """Continue a closeall that the last process did not finish."""
        if self._snapshot.control.closeall_since is not None:
            self.close_everything()

    @handles(CloseTrades)
    def close_trades(self, message: CloseTrades) -> Any:
        now = self.context.clock.market_ms()
        trades = tuple(close(trade, message.reason, now) for trade in self.to_close(message.pair))
        orphans = tuple(_orphan_row(x, now) for x in self.restored_of(message.pair))
        changes = [self.saving(trade, f"{message.reason} asked", now) for trade in trades]
        changes += [self._control_store.dropping(orphan.id) for orphan in orphans]
        keep = self._journal.commit([*changes, self._history.adding(orphans, now)])
        return self.pipe(keep, then=partial(CloseKept, message.pair, trades, orphans), exclusive=message.pair)

    @handles(CloseKept)
    def carry_out_close(self, message: CloseKept) -> Any:
        message.outcome.unwrap()
        if message.orphans:
            gone = {orphan.id for orphan in message.orphans}
            self._snapshot = replace(
                self._snapshot, restored=tuple(x for x in self._snapshot.restored if x.id not in gone)
            )
            self.show()
        for trade in message.trades:
            self.assign(trade)
        self.drive(message.pair, all=True)
        ids = frozenset(trade.intent.id for trade in message.trades)
        waiting = until(self.context.tell, ids, lambda: all(map(self.book.has_ended, ids)) or None)
        return self.pipe(waiting, then=partial(ClosedUp, message.trades, message.orphans))

    @handles(ClosedUp)
    def closed_up(self, message: ClosedUp) -> tuple[ClosedTrade, ...]:
        message.outcome.unwrap()
        rows = (self.book.rows.get(trade.intent.id) for trade in message.trades)
        return (*message.orphans, *(row for row in rows if row is not None))

    # --- pending entries

    @handles(CancelPendingEntry)
    def cancel_pending(self, message: CancelPendingEntry) -> Any:
        trade = self.book.trades.get(message.id)
        if trade is None or not is_pending(trade):
            raise PendingEntryNotFound(
                f"there is no pending entry {message.id}", hint="GET /api/pending-entries lists pending entries"
            )
        wanted, now = cancel_entry(trade), self.context.clock.market_ms()
        keep = self._journal.save(wanted, "cancel asked", now)
        return self.pipe(keep, then=partial(CancelCommitted, wanted), exclusive=trade.intent.symbol)

    @handles(CancelCommitted)
    def pending_canceled(self, message: CancelCommitted) -> Any:
        message.outcome.unwrap()
        self.assign(message.trade)
        self.drive(message.trade.intent.symbol, all=True)
        return self.answered(
            until_canceled(self.context.tell, message.trade.intent.id, self._ended_entry(message.trade))
        )

    def _ended_entry(self, trade: Trade) -> Callable[[], Trade | None]:
        """Returns the trade once its entry is not pending anymore; for the actor's thread."""
        last = trade

        def ended() -> Trade | None:
            nonlocal last
            last = self.book.trades.get(trade.intent.id, last)
            return None if is_pending(last) else last

        return ended

    # --- halt and the day

    @handles(messages.Halt)
    def halt(self, message: messages.Halt) -> Any:
        return self.answered(halted(self.context.ask, self.published, self.context.clock, message))

    @handles(messages.Resume)
    def resume(self, message: messages.Resume) -> Any:
        return self.answered(resumed(self.context.ask))

    @handles(SetControl)
    def set_control(self, message: SetControl) -> Reply[Control]:
        control = message.change(self._snapshot.control)
        keep = self._control_store.keep(control)
        return self.pipe(keep, then=partial(ControlStored, control), exclusive="control")

    @handles(ControlStored)
    def control_stored(self, message: ControlStored) -> Control:
        message.outcome.unwrap()
        log_control(self._snapshot.control, message.control)
        self._snapshot = replace(self._snapshot, control=message.control)
        self.show()
        return message.control

    @handles(messages.ResetDaily)
    def reset_daily(self, message: messages.ResetDaily) -> Reply[messages.DailyReset]:
        return self.pipe(self._day.reset(self.context.clock.market_ms()), then=DayReset)

    @handles(DayReset)
    def day_reset(self, message: DayReset) -> messages.DailyReset:
        before, after = message.outcome.unwrap()
        self.show()
        return messages.DailyReset(trades_today_before=before, trades_today_after=after)

    # --- waiters

    def changed(self, before: Trade | None, after: Trade) -> None:
        self.show()
        if before is not None and not before.quar and any(alert.code == "second writer" for alert in after.alerts):
            reason = f"another daemon sent the entry of {after.intent.symbol}"
            self.answered(halted_by(self.context.ask, self.context.clock, reason))
        self._waiters.changed(after.intent.id)

    # --- small parts

    def holds(self, pair: str) -> bool:
        """Whether a symbol has a position or an entry in flight; closed trades that are still watched do not count."""
        return any(trade.intent.id not in self.book.rows for trade in self.to_close(pair))

    def to_close(self, pair: str | None = None) -> list[Trade]:
        """The trades that a close applies to, of all symbols or of one."""
        return at_stake(self._snapshot, pair)


async def closed_one(ask: Ask, pair: str, *, held: bool) -> messages.ClosedReply:
    """Even without a position, the close is stored for an entry of unknown outcome, in case it was filled."""
    rows = await ask(CloseTrades(pair, "close"), timeout=CLOSE_SECONDS)
    if not held:
        raise PositionNotFound(f"there is no open position in {pair}", hint="GET /api/trades lists open positions")
    return messages.ClosedReply(symbol=pair, closed=tuple(map(closed_trade_reply, rows)), count=len(rows))


async def sold(ask: Ask, clock: Clock, message: messages.ExecuteTrade) -> messages.TradeSold:
    rows = await ask(CloseTrades(message.symbol, "sell"), timeout=CLOSE_SECONDS)
    now = clock.market_ms() // 1000
    return messages.TradeSold(closed=tuple(map(closed_trade_reply, rows)), agent=message.agent, timestamp=now)


async def closed_everything(ask: Ask, snapshot: Published, clock: Clock) -> messages.ClosedAll:
    """Entries are blocked until it ends; the symbols are closed in parallel, independently of each other."""
    now = clock.market_ms() // 1000
    await changed_control(ask, lambda control: replace(control, closeall_since=control.closeall_since or now))
    seen = snapshot()
    pairs = sorted({trade.symbol for trade in seen.restored} | {x.intent.symbol for x in at_stake(seen)})
    asks = (ask(CloseTrades(pair, "closeall"), timeout=CLOSE_SECONDS) for pair in pairs)
    answers = dict(zip(pairs, await asyncio.gather(*asks, return_exceptions=True), strict=True))
    closed = [closed_trade_reply(row) for answer in answers.values() if isinstance(answer, tuple) for row in answer]
    failed = [_failure(pair, answer) for pair, answer in answers.items() if isinstance(answer, BaseException)]
    if failed and len(failed) == len(pairs):
        raise ExchangeError(
            f"none of {len(pairs)} symbols could be closed yet",
            hint="the close stays queued and is retried until the exchange accepts it; see GET /api/trades",
            failed=[asdict(failure) for failure in failed],
        )
    return messages.ClosedAll(ok=not failed, closed=tuple(closed), failed=tuple(failed), count=len(closed))


async def reopened(
    ask: Ask, ended: Callable[[Control], Control], outcome: Outcome[messages.ClosedAll]
) -> messages.ClosedAll:
    await changed_control(ask, ended)
    return outcome.unwrap()


async def until_canceled(tell: Tell, key: str, ended: Callable[[], Trade | None]) -> messages.PendingEntry:
    return entry_reply(await until(tell, frozenset({key}), ended))


async def halted(ask: Ask, snapshot: Published, clock: Clock, message: messages.Halt) -> messages.Halted:
    now = clock.market_ms() // 1000
    control = await changed_control(
        ask,
        lambda c: (
            c
            if c.halted and message.reason == "operator"
            else replace(c, halted=True, reason=message.reason, since=c.since if c.halted else now)
        ),
    )
    waiting = snapshot().pending() if message.cancel_pending else []
    asks = (ask(CancelPendingEntry(x.intent.id), timeout=CLOSE_SECONDS) for x in waiting)
    answers = await asyncio.gather(*asks, return_exceptions=True)
    cancelled = tuple(answer for answer in answers if isinstance(answer, messages.PendingEntry))
    for trade, answer in zip(waiting, answers, strict=True):
        if isinstance(answer, BaseException):
            logger.error(
                "halt: pending entry %s of %s was not canceled: %s", trade.intent.id, trade.intent.symbol, answer
            )
    return messages.Halted(halted=True, reason=control.reason, since=control.since, cancelled_entries=cancelled)


def at_stake(snapshot: TradingSnapshot, pair: str | None = None) -> list[Trade]:
    """The trades that a close applies to, of all symbols or of one."""
    return [x for x in snapshot.trades if pair in (None, x.intent.symbol) and is_at_stake(x)]


def _failure(pair: str, error: BaseException) -> ScanFailure:
    if isinstance(error, OpentraderError):
        return ScanFailure(pair, error.code, error.detail)
    logger.error("closing %s failed", pair, exc_info=error)
    return ScanFailure(pair, InternalError.code, f"closing {pair} failed: {type(error).__name__}")


def _orphan_row(restored: messages.TradeReply, now_ms: int) -> ClosedTrade:
    """The history row of an unverified restored trade; it does not count in the statistics."""
    px = Decimal(str(restored.entry_px or 0))
    return ClosedTrade(
        id=restored.id,
        symbol=restored.symbol,
        direction=restored.direction,
        size=Decimal(str(restored.size)),
        entry_px=px,
        exit_px=px,
        pnl=ZERO,
        pnl_pct=ZERO,
        bot=restored.bot,
        source="restored",
        exit_reason="orphan",
        opened_at=restored.opened_at,
        closed_at=now_ms // 1000,
        agent=restored.agent or None,
        counted=False,
    )

"""Owns the trades from intent to flat, and is made of parts: each has one concern, all share one book of trades.

A command changes a record and commits it, the loop acts on it, and the caller is answered once the outcome is known.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeGuard

from opentrader.actors import messages
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message, Tick
from opentrader.actors.trading.book import TradeBook
from opentrader.actors.trading.commands.closeall import CloseAlls, CloseTrades
from opentrader.actors.trading.commands.closing import Closing
from opentrader.actors.trading.commands.drops import Drops
from opentrader.actors.trading.commands.levels import LevelMoves, MoveWithin
from opentrader.actors.trading.commands.marking import Marking
from opentrader.actors.trading.control import ControlDesk, SetControl, halted_by
from opentrader.actors.trading.desk import Desk
from opentrader.actors.trading.entry.entries import Entries, PlanEntry
from opentrader.actors.trading.entry.gate import GateState, refusal, stale
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop, Surroundings
from opentrader.actors.trading.log import log_resumed
from opentrader.actors.trading.pending import CancelPendingEntry, PendingCancels
from opentrader.actors.trading.reading.account import AccountReader
from opentrader.actors.trading.reading.prices import PriceWatch
from opentrader.actors.trading.reading.stream import StreamListener
from opentrader.actors.trading.recovery.history_import import HistoryImport
from opentrader.actors.trading.recovery.reconciliation import Adopt, JoinLate, Reconciliation
from opentrader.actors.trading.recovery.repeats import Answer, Repeats
from opentrader.actors.trading.recovery.restore import Restore
from opentrader.actors.trading.replies.presenter import executed
from opentrader.actors.trading.replies.snapshot import ShownTrades, TradingSnapshot
from opentrader.actors.trading.steps import CheckEntries, CheckSymbol, VenueRead
from opentrader.actors.trading.trailing import RaiseStop, TrailingStops
from opentrader.actors.trading.waiters import Waiters
from opentrader.domain.time_limits import LATE_MS
from opentrader.domain.timeframes import DAY_MS, Timeframe
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import CommandKind
from opentrader.domain.trading.lifecycle import LifecycleSettings, Trade, booted
from opentrader.domain.trading.ports import Disk, Records
from opentrader.domain.trading.risk import Risk
from opentrader.errors import OpentraderError

logger = logging.getLogger(__name__)

LOOKS_SECONDS = 1.0  # between two publications of nothing but looks


class PositionManager(Actor):
    tick_seconds = 0.25

    def __init__(
        self,
        context: Context,
        exchange: Exchange,
        records: Records,
        disk: Disk,
        *,
        risk: Risk,
        rules: LifecycleSettings,
        instance: str,
        licensed: Callable[[], bool],
        watchlist: tuple[str, ...] = (),
        timeframe: Timeframe = "4h",
        speed: float = 1.0,
    ) -> None:
        """`instance`: the four letters and digits of this data folder in client order ids."""
        super().__init__(context)
        self._records, self._rules, self._disk, self._licensed = records, rules, disk, licensed
        self._published, self._shown_at, self._begun = TradingSnapshot(), 0.0, context.clock.market_ms()
        self._shown = ShownTrades()
        self._book = TradeBook(rules)
        desk = Desk(
            links=self.links,
            book=self._book,
            exchange=exchange,
            records=records,
            rules=rules,
            instance=instance,
            snapshot=lambda: self._published,
            show=self._show,
        )
        self._waiters = Waiters(desk.links)
        self._control = ControlDesk(desk, cooldown_sec=risk.cooldown_sec)
        self._speed = max(1.0, speed)
        self._loop = LifecycleLoop(desk, self._around(), late_ms=int(LATE_MS * self._speed))
        self._restore = Restore(desk, self._loop)
        marking = Marking(desk, self._loop, self._restore)
        self._closing, self._closealls = Closing(desk, marking), CloseAlls(desk, marking, self._control)
        self._drops, self._moves = Drops(desk, self._loop), LevelMoves(desk, self._loop)
        self._reconciliation = Reconciliation(desk, self._loop, self._opened)
        self._account = AccountReader(desk, self._reconciliation.start)
        self._trailing = TrailingStops(desk, self._loop, timeframe)
        self._prices = PriceWatch(desk, self._loop)
        self._stream = StreamListener(desk, self._loop, self._prices)
        entries = self._entries(desk, risk)
        self.join(self._loop, self._loop.booking, self._waiters, self._control)
        self.join(self._restore, self._closing, self._closealls, self._reconciliation)
        self.join(self._account, self._trailing, self._prices, self._stream, entries)
        self.join(PendingCancels(desk, self._loop), HistoryImport(desk, watchlist))
        self.join(self._drops, self._moves, Repeats(desk, entries, self._answers()))

    def _around(self) -> Surroundings:
        """What the loop asks and tells the other parts."""
        return Surroundings(
            self._why_barred,
            self._changed,
            checked=self._waiters.changed,
            ended=self._control.ended,
            learned=self._control.learned,
        )

    def _entries(self, desk: Desk, risk: Risk) -> Entries:
        return Entries(
            desk,
            self._loop,
            self._closing,
            self._account,
            barred=self._barred,
            cools_down=self._control.cools_down,
            epoch=lambda: self._control.epoch,
            risk=risk,
            speed=self._speed,
        )

    def _answers(self) -> dict[CommandKind, Answer]:
        closing, closealls = self._closing.answer, self._closealls.answer
        return {
            "close": closing,
            "sell": closing,
            "closeall": closealls,
            "closeall_pending": closealls,
            "drop": self._drops.answer,
            "levels": self._moves.answer,
        }

    def on_start(self) -> None:
        """Load the journal; requests in flight when the last process ended are looked up first."""
        now, journal = self.context.clock.market_ms(), self._records.journal
        over = journal.ended(now - DAY_MS)
        rows = {row.id: row for row in self._records.history.recent((now - now % DAY_MS) // 1000, over)}
        trades = (booted(trade, now, self._rules) for trade in journal.load(now - DAY_MS))
        self._book.load(trades, rows, over, now)
        for trade in self._book.trades.values():
            log_resumed(trade)
        self._control.load()
        self._restore.load()
        self._show()

    def exclusive_of(self, message: Message[Any]) -> str | None:
        """The symbol of a command, which waits for the commit and the order in flight for that symbol."""
        if isinstance(message, CheckSymbol | CheckEntries | CloseTrades | MoveWithin):
            return message.pair
        if isinstance(message, VenueRead):
            return message.look.pair
        if isinstance(message, PlanEntry):
            return message.request.symbol
        if isinstance(message, messages.RestoreTrade | messages.ClosePosition) or is_sale(message):
            return message.symbol
        if isinstance(message, JoinLate):
            return message.owned.intent.symbol
        of_trade = CancelPendingEntry | RaiseStop | messages.DropTrade
        if isinstance(message, of_trade) and message.id in self._book.trades:
            return self._book.trades[message.id].intent.symbol
        if isinstance(message, Adopt):
            return "adopt"
        return "control" if isinstance(message, SetControl | messages.CloseAll) else None

    @handles(Tick)
    def on_tick(self, message: Tick) -> None:
        self._loop.tick()
        self._stream.tick()
        self._account.tick(message.at)
        self._prices.tick(message.at)
        self._reconciliation.tick(message.at)
        if self._reconciliation.tried:  # until then there is more urgent work, and stops rest where they are
            self._trailing.tick()
        self._show_looks(message.at)

    # --- what the parts tell and ask each other

    def _show(self) -> None:
        """Publish what the parts know: the only place that makes the snapshot."""
        now = self.context.clock.market_ms()
        self._published = TradingSnapshot(
            trades=tuple(self._book.trades.values()),
            restored=self._restore.restored,
            marks=dict(self._book.marks),
            filters=dict(self._book.filters),
            followed=self._book.positions.pairs,
            account=self._account.reading,
            control=self._control.control,
            trades_today=self._records.entry_counts.trades_today(now),
            pnl_today=self._book.pnl_today(now),
            reconciled=self._reconciliation.reconciled,
            degraded=self._account.degraded,
            shown_at=dict(self._book.shown_at),
            rules=self._book.rules,
            blind=self._book.waiting_blind(),
            unsearched=self._reconciliation.unsearched,
            halts=dict(self._control.halts),
            begun=self._begun,
            shown=self._shown,
        )
        self.publish(self._published)

    def _show_looks(self, at: float) -> None:
        """When the orders were looked at last: looks that find nothing new publish nothing else."""
        if at - self._shown_at >= LOOKS_SECONDS and self._book.shown_at != self._published.shown_at:
            self._shown_at = at
            self._show()

    def _changed(self, before: Trade | None, after: Trade) -> None:
        """A trade was assigned."""
        if before is not None:
            self._control.halt_for(before, after)
        self._show()
        if before is not None and not before.quar and any(alert.code == "second writer" for alert in after.alerts):
            reason = f"another daemon sent the entry of {after.intent.symbol}"
            self.pipe(halted_by(self.context.ask, self.context.clock, reason))
        if executed(before) != executed(after):
            self._account.changed()
        self._waiters.changed(after.intent.id)

    def _opened(self) -> None:
        """All is reconciled: entries are allowed, unless the last process did not finish a closeall."""
        self._closealls.resume()

    def _barred(self, pair: str) -> OpentraderError | None:
        """Why no entry of a pair may be opened now. It reads what was published, so that any thread may ask."""
        seen = self._published
        return refusal(
            GateState(
                control=seen.control,
                reconciled=seen.reconciled,
                account_known=seen.account is not None,
                degraded=seen.degraded,
                slow=self._disk.slow,
                roomy=self._disk.roomy,
                licensed=self._licensed,
                halt=seen.halts.get(pair),
                unsearched=seen.unsearched.get(pair),
            )
        )

    def _why_barred(self, pair: str) -> str:
        """For the last check before the socket: nothing was sent yet, so a gate that cannot be read is a refusal."""
        try:
            barred = self._barred(pair)
        except Exception as error:
            logger.exception("the entry gate could not be read; the entry is not sent")
            return f"the entry gate could not be read: {error}"
        if barred is not None:
            return barred.detail
        account = self._published.account
        assert account is not None, "the gate is open"
        return stale((self.context.clock.market_ms() - account.at) / 1000 / self._speed)


def is_sale(message: Message[Any]) -> TypeGuard[messages.ExecuteTrade]:
    return isinstance(message, messages.ExecuteTrade) and message.direction == "sell"

"""Owns the trades from intent to flat, and the checks before an entry.

A command changes a record and commits it, the loop acts on it, and the caller is answered once the outcome is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.trading.account import RaiseStop
from opentrader.actors.trading.closing import (
    CancelPendingEntry,
    CloseTrades,
    Tell,
    TradeClosing,
    sold,
)
from opentrader.actors.trading.control import SetControl
from opentrader.actors.trading.intents import Quote, demand_fresh, demand_slots, limit_intent, market_intent, quoted
from opentrader.actors.trading.lifecycle_loop import CheckEntries, CheckSymbol
from opentrader.actors.trading.log import log_resumed
from opentrader.actors.trading.recovery.reconciliation import Adopt
from opentrader.actors.trading.replies.outcomes import entered, never_sent
from opentrader.actors.trading.replies.presenter import bought, entry_leg, is_entering, is_pending
from opentrader.actors.trading.waiters import until
from opentrader.domain.time_limits import ENTRY_SECONDS
from opentrader.domain.timeframes import DAY_MS, Timeframe
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import Intent, LifecycleSettings, Trade, booted, planned
from opentrader.domain.trading.ports import Change, Disk, Records
from opentrader.domain.trading.risk import Day, Risk, demand_room
from opentrader.errors import (
    AskTimeout,
    LicenseRequired,
    NoPosition,
    NotReady,
    OpentraderError,
    PendingEntryExists,
    RiskLimit,
    StorageError,
    TradeExists,
    TradingHalted,
)

QUOTE_MS = 60_000  # maximum age of the price that an entry is computed from

Entry = messages.ExecuteTrade | messages.PlaceManual


@dataclass(frozen=True, slots=True)
class Quoted(Message[Any]):
    request: Entry
    outcome: Outcome[Quote]


@dataclass(frozen=True, slots=True)
class Planned(Message[Any]):
    """An intent is durable: it will be executed, or its failure will be known."""

    request: Entry
    trade: Trade
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class Entered(Message[Any]):
    outcome: Outcome[Trade]


@dataclass(frozen=True, slots=True)
class OutcomeOfKey(Message[messages.TradeOpened | messages.ManualPlaced | None]):
    """The outcome of the entry that a request with this Idempotency-Key placed; None if it placed none."""

    owner = "position_manager"
    idem_key: str


class PositionManager(TradeClosing):
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
        super().__init__(context, exchange, records, rules=rules, instance=instance)
        self._disk, self._risk, self._speed = disk, risk, speed
        self._licensed, self.watchlist, self.timeframe = licensed, watchlist, timeframe
        self._cooldowns: dict[str, int] = {}

    def on_start(self) -> None:
        """Load the journal; requests in flight when the last process ended are looked up first."""
        now = self.context.clock.market_ms()
        rows, over = {row.id: row for row in self._history.all()}, self._journal.ended(now - DAY_MS)
        self.book.load((booted(trade, now, self._rules) for trade in self._journal.load(now - DAY_MS)), rows, over, now)
        for trade in self.book.trades.values():
            log_resumed(trade)
        control, self._cooldowns = self._control_store.load()
        self._snapshot = replace(
            self._snapshot,
            control=control,
            restored=self.stored_restored(),
        )
        self.show()

    def exclusive_of(self, message: Message[Any]) -> str | None:
        """The symbol of a command, which waits for the exchange call in flight for that symbol."""
        if isinstance(message, Entry | messages.ClosePosition | messages.RestoreTrade):
            return message.symbol
        if isinstance(message, CheckSymbol | CheckEntries | CloseTrades):
            return message.pair
        if isinstance(message, CancelPendingEntry | RaiseStop) and message.id in self.book.trades:
            return self.book.trades[message.id].intent.symbol
        if isinstance(message, Adopt):
            return "adopt"
        return "control" if isinstance(message, SetControl) else None

    # --- entries

    @handles(messages.ExecuteTrade)
    def execute(self, message: messages.ExecuteTrade) -> Any:
        pair = message.symbol
        if message.direction == "sell":
            if not self.holds(pair):
                return self.answered(nothing_to_sell(self._exchange, pair))
            return self.answered(sold(self.context.ask, self.context.clock, message))
        self._demand_entry(message)
        return self._quote(message)

    @handles(messages.PlaceManual)
    def place(self, message: messages.PlaceManual) -> Any:
        if message.direction == "sell":
            raise NoPosition(
                "a manual entry can only buy on a spot exchange", hint="POST /api/close sells an open position"
            )
        self._demand_entry(message)
        return self._quote(message)

    def _quote(self, message: Entry) -> Any:
        asked = quoted(self._exchange, message.symbol)
        return self.pipe(asked, then=partial(Quoted, message), exclusive=message.symbol)

    @handles(Quoted)
    def plan(self, message: Quoted) -> Any:
        """Size the entry and commit the intent: from here on it is executed, even if the caller is gone.

        The checks before the quote are repeated, because other entries may have been planned in the meantime.
        """
        request, quote = message.request, message.outcome.unwrap()
        now = self.context.clock.market_ms()
        self.book.quoted(quote.filters, quote.last)
        self._demand_entry(request)
        intent = self._intent(request, quote, now)
        demand_fresh(quote, now, QUOTE_MS * max(1.0, self._speed))
        demand_slots(quote, self._exits_to_come(intent.symbol))
        trade = self.book.planned[intent.id] = planned(intent)
        facts = {"agent": intent.agent, "bot": intent.bot}
        keep = self._journal.save(trade, "accepted", now, facts=facts)
        return self.pipe(keep, then=partial(Planned, request, trade), exclusive=intent.symbol)

    def _intent(self, request: Entry, quote: Quote, now: int) -> Intent:
        key, instance = self.context.ids.new(), self._instance
        if isinstance(request, messages.ExecuteTrade):
            return market_intent(request, quote, self._risk, now=now, key=key, instance=instance)
        return limit_intent(request, quote, self._risk, now=now, key=key, instance=instance)

    @handles(Planned)
    def carry_out(self, message: Planned) -> Any:
        trade = self.book.planned.pop(message.trade.intent.id)
        message.outcome.unwrap()
        self.assign(trade)
        self.book.hurry(trade.intent.id)
        self.drive(trade.intent.symbol)
        return self.pipe(until_entered(self.context.tell, trade, self._settled_entry(trade)), then=Entered)

    @handles(OutcomeOfKey)
    def made_with(self, message: OutcomeOfKey) -> Any:
        trade = self._journal.made_with(message.idem_key)
        if trade is None or never_sent(trade):
            return None
        return self.pipe(until_entered(self.context.tell, trade, self._settled_entry(trade)), then=Entered)

    @handles(Entered)
    def entered(self, message: Entered) -> messages.TradeOpened | messages.ManualPlaced:
        trade, now = message.outcome.unwrap(), self.context.clock.market_ms()
        pair, row = trade.intent.symbol, self.book.rows.get(trade.intent.id)
        return entered(trade, row, self.book.least(trade), self.book.marks.get(pair), now)

    def _settled_entry(self, trade: Trade) -> Callable[[], Trade | None]:
        """Returns the trade once its entry rests, is protected, or has failed; for the actor's thread."""
        key, last = trade.intent.id, trade

        def settled() -> Trade | None:
            nonlocal last
            last = self.book.trades.get(key, last)
            known = last.label in {"PROTECTED", "QUARANTINE", "DUST"} or self._rests(last)
            return last if known or self.book.has_ended(key) else None

        return settled

    def _rests(self, trade: Trade) -> bool:
        leg = entry_leg(trade)
        return trade.intent.kind == "limit" and leg is not None and leg.state == "OPEN"

    # --- hooks of the loop

    def entry_barred(self) -> str:
        try:
            self._demand_open_gate()
        except OpentraderError as error:
            return error.detail
        return ""

    def ended(self, row: ClosedTrade) -> tuple[Change, ...]:
        if row.exit_reason != "sl" or not self._risk.cooldown_sec:
            return ()
        now = self.context.clock.market_ms()
        until = now + self._risk.cooldown_sec * 1000
        lasting = {pair: end for pair, end in self._cooldowns.items() if end > now}
        self._cooldowns = {**lasting, row.symbol: until}
        return (self._control_store.cooling(row.symbol, until),)

    def make_room(self) -> bool:
        return self._disk.release()

    def _late_ms(self) -> int:
        return int(super()._late_ms() * max(1.0, self._speed))

    # --- small parts

    def _demand_entry(self, request: Entry) -> None:
        """Raise the first error that blocks an entry, in the order of the API."""
        self._demand_open_gate()
        if isinstance(request, messages.PlaceManual):
            self._demand_new_price(request)
        elif self.busy(request.symbol):
            raise TradeExists(f"a trade in {request.symbol} is already open or being opened", hint="close it first")
        self._demand_room(counts=isinstance(request, messages.ExecuteTrade))
        self._demand_cool(request.symbol)

    def _demand_new_price(self, request: messages.PlaceManual) -> None:
        """Allow one manual entry per symbol and price (after rounding) until its trade is closed."""
        filters = self.book.filters.get(request.symbol)
        if filters is None:
            return  # checked again once the tick size is known
        px = filters.price(Decimal(str(request.entry_px)))
        for trade in self.book.known():
            same = trade.intent.kind == "limit" and (trade.intent.symbol, trade.intent.px) == (request.symbol, px)
            if same and (is_pending(trade) or self._snapshot.is_open(trade)):
                what = "is already pending" if is_pending(trade) else "was filled, and its trade is open"
                raise PendingEntryExists(
                    f"an entry of {request.symbol} at {px:f} {what}",
                    hint="use another price to add a ladder level",
                )

    def _demand_open_gate(self) -> None:
        control = self._snapshot.control
        if control.halted:
            raise TradingHalted(f"trading is halted: {control.reason}", hint="POST /api/resume allows entries again")
        if control.closeall_since is not None:
            raise TradingHalted("a closeall is in progress", hint="entries are allowed again once it has ended")
        if not self._snapshot.reconciled or self._snapshot.account is None:
            raise NotReady("the account and its orders have not been read yet", hint="retry in a few seconds")
        if self._snapshot.degraded:
            raise NotReady(f"the account could not be read: {self._snapshot.degraded}", hint="retry in a few seconds")
        if not self._disk.roomy():
            raise StorageError("the disk is almost full", hint="free disk space; exits still work")
        if not self._licensed():
            raise LicenseRequired(
                "a license is required for entries", hint="register it for free: POST /api/license/register"
            )

    def _demand_room(self, *, counts: bool) -> None:
        assert self._snapshot.account is not None
        known = self.book.known()
        entering = [x for x in known if is_entering(x) and not bought(x)]
        waiting = [x for x in known if is_pending(x)]
        day = Day(self._snapshot.trades_today + len(entering), self.book.pnl_today(self.context.clock.market_ms()))
        taken = len(self._snapshot.open_trades()) + len(entering) + len(waiting)
        demand_room(taken, day, self._snapshot.account.equity, self._risk, counts=counts)

    def _exits_to_come(self, pair: str) -> int:
        """How many order lists the entries in flight of a symbol will still need."""
        known = self.book.known()
        return sum(x.intent.symbol == pair and (is_pending(x) or is_entering(x)) for x in known)

    def _demand_cool(self, pair: str) -> None:
        until = self._cooldowns.get(pair, 0)
        if self.context.clock.market_ms() < until:
            raise RiskLimit(f"{pair} was stopped out recently", hint="retry after the cooldown (risk_cooldown_sec)")


async def nothing_to_sell(exchange: Exchange, pair: str) -> None:
    await exchange.filters(pair)  # raises `SymbolNotFound`
    raise NoPosition(f"there is no open position in {pair} to sell", hint="on a spot exchange, sell closes a position")


async def until_entered(tell: Tell, trade: Trade, settled: Callable[[], Trade | None]) -> Trade:
    """The trade once `settled` returns it."""
    try:
        async with asyncio.timeout(ENTRY_SECONDS):
            return await until(tell, frozenset({trade.intent.id}), settled)
    except TimeoutError:
        raise AskTimeout(
            f"the entry of {trade.intent.symbol} was not completed within {ENTRY_SECONDS:.0f} s",
            hint="it continues: see GET /api/trades, or repeat the request with the same Idempotency-Key",
            intent_id=trade.intent.id,
        ) from None

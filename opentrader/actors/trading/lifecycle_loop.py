"""The loop of the lifecycle: read, tick, commit, send, commit the answer, read again. One symbol at a time.

While a symbol's exchange call is under way everything else about that symbol waits (`exclusive`), and no other
symbol does. A call ends by an answer, by an unknown outcome, or with the process: the next start goes on from the
journal.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message, Tick
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.trading.log import tell, tell_over, tell_taken_over
from opentrader.actors.trading.replies.outcomes import closed
from opentrader.actors.trading.replies.presenter import bought, executed, held, is_open, is_over
from opentrader.actors.trading.venue_calls import read, send
from opentrader.domain.time_limits import LATE_MS
from opentrader.domain.timeframes import DAY_MS
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import LifecycleSettings, Trade, answered, next_poll, own_fills, tick, watch
from opentrader.domain.trading.ports import Change, Records
from opentrader.domain.trading.venue import (
    ZERO,
    Accepted,
    Effect,
    Fill,
    Filters,
    Others,
    PlaceEntry,
    Refused,
    Unknown,
    VenueView,
)
from opentrader.domain.trading.venue import Outcome as VenueOutcome
from opentrader.errors import StorageFull

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckSymbol(Message[None]):
    """Look at a symbol's trades: at those that are due, or at all of them."""

    owner = "position_manager"
    pair: str
    all: bool = False


@dataclass(frozen=True, slots=True)
class CheckEntries(Message[None]):
    """Look at a symbol's trades now; answered when they have been looked at."""

    owner = "position_manager"
    pair: str


@dataclass(frozen=True, slots=True)
class VenueRead(Message[None]):
    pair: str
    ids: tuple[str, ...]  # the one that was looked at, and those that come after it
    outcome: Outcome[VenueView]


@dataclass(frozen=True, slots=True)
class TickCommitted(Message[None]):
    """A tick is durable; its effect may be sent."""

    pair: str
    ids: tuple[str, ...]
    trade: Trade
    effect: Effect | None
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class EffectAnswered(Message[None]):
    pair: str
    ids: tuple[str, ...]
    effect: Effect
    outcome: Outcome[VenueOutcome]


@dataclass(frozen=True, slots=True)
class AnswerCommitted(Message[None]):
    """The answer to an effect is durable."""

    pair: str
    ids: tuple[str, ...]
    trade: Trade
    again: bool
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class FillsRead(Message[None]):
    """The account's fills since the beginning of a trade that is over."""

    pair: str
    ids: tuple[str, ...]
    outcome: Outcome[tuple[Fill, ...]]


@dataclass(frozen=True, slots=True)
class TradeBooked(Message[None]):
    """A trade that is over is in the history."""

    pair: str
    ids: tuple[str, ...]
    row: ClosedTrade | None
    outcome: Outcome[None]


class TradeLoop(Actor):
    """Owns the trades. Nobody else calls `tick` or writes the journal."""

    tick_seconds = 0.25

    def __init__(
        self, context: Context, exchange: Exchange, records: Records, *, rules: LifecycleSettings, instance: str
    ) -> None:
        """`instance` are the four letters and digits of this data folder in client order ids."""
        super().__init__(context)
        self._exchange, self._rules, self._instance = exchange, rules, instance
        self._journal, self._history = records.journal, records.history
        self._day, self._control_store = records.day, records.control
        self._trades: dict[str, Trade] = {}
        self._due: dict[str, int] = {}  # market milliseconds of the next look
        self._rows: dict[str, ClosedTrade | None] = {}  # of the trades that are over and were booked
        self._marks: dict[str, Decimal] = {}
        self._filters: dict[str, Filters] = {}
        self._driven: set[str] = set()
        self._unread: set[str] = set()  # remembered from before, and not read at the venue yet

    # --- what a subclass decides or hears of

    def entry_barred(self) -> str:
        """The entry gate, asked in the last moment before an entry is sent: why none may be; empty if one may."""
        raise NotImplementedError

    def changed(self, before: Trade | None, after: Trade) -> None:
        """A trade was assigned."""
        raise NotImplementedError

    def ended(self, row: ClosedTrade) -> tuple[Change, ...]:
        """A trade is being booked; what else belongs into that commit."""
        raise NotImplementedError

    def make_room(self) -> bool:
        """The disk is full: whether some of it could be freed, for what is held must still be protected."""
        raise NotImplementedError

    # --- time

    @handles(Tick)
    def on_tick(self, message: Tick) -> None:
        now = self.context.clock.market_ms()
        for pair in {self._trades[key].intent.symbol for key, at in self._due.items() if at <= now}:
            self.drive(pair)

    def drive(self, pair: str, *, all: bool = False) -> None:
        """Have a symbol looked at as soon as it is free; asking twice is asking once."""
        if all or pair not in self._driven:
            self._driven.add(pair)
            self.context.tell(CheckSymbol(pair, all))

    @handles(CheckSymbol)
    def begin(self, message: CheckSymbol) -> Any:
        self._driven.discard(message.pair)
        now = self.context.clock.market_ms()
        ids = tuple(
            key
            for key, trade in self._trades.items()
            if trade.intent.symbol == message.pair and (message.all or self._due.get(key, now + 1) <= now)
        )
        return self._look(message.pair, ids)

    @handles(CheckEntries)
    def check(self, message: CheckEntries) -> Any:
        return self.begin(CheckSymbol(message.pair, all=True))

    # --- one trade after the other

    def _look(self, pair: str, ids: tuple[str, ...]) -> Any:
        if not ids:
            return None
        if ids[0] not in self._trades:
            return self._look(pair, ids[1:])
        wanted = watch(self._trades[ids[0]], self.context.clock.market_ms(), self._rules)
        return self.pipe(read(self._exchange, wanted), then=partial(VenueRead, pair, ids), exclusive=pair)

    @handles(VenueRead)
    def decide(self, message: VenueRead) -> Any:
        trade = self._trades[message.ids[0]]
        view = self._view(message, trade)
        if view is not None and view.readable:
            self._unread.discard(trade.intent.id)
        if view is None:
            self._due[trade.intent.id] = self.context.clock.market_ms() + self._rules.poll
            return self._look(message.pair, message.ids[1:])
        now = self.context.clock.market_ms()
        after, effect = tick(trade, view, now, self._rules)
        if after == trade and effect is None:
            self._schedule(after)
            return self._next(message.pair, message.ids)
        keep = self._save(trade, after, own_fills(after, view.fills or ()))
        return self.pipe(
            keep, then=partial(TickCommitted, message.pair, message.ids, after, effect), exclusive=message.pair
        )

    @handles(TickCommitted)
    def act(self, message: TickCommitted) -> Any:
        message.outcome.unwrap()
        self.assign(message.trade)
        if message.effect is None:
            return self._next(message.pair, message.ids)
        then = partial(EffectAnswered, message.pair, message.ids, message.effect)
        return self.pipe(self._send(message.effect), then=then, exclusive=message.pair)

    @handles(EffectAnswered)
    def learn(self, message: EffectAnswered) -> Any:
        trade, answer = self._trades[message.ids[0]], message.outcome
        told: VenueOutcome = answer.value if isinstance(answer, Done) else Unknown(answer.error.detail)
        base = self._filters[message.pair].base
        after = answered(trade, message.effect, told, base, self.context.clock.market_ms())
        again = isinstance(told, Accepted)
        then = partial(AnswerCommitted, message.pair, message.ids, after, again)
        return self.pipe(self._save(trade, after), then=then, exclusive=message.pair)

    @handles(AnswerCommitted)
    def go_on(self, message: AnswerCommitted) -> Any:
        message.outcome.unwrap()
        self.assign(message.trade)
        return self._look(message.pair, message.ids) if message.again else self._next(message.pair, message.ids)

    # --- the end of a trade

    def _next(self, pair: str, ids: tuple[str, ...]) -> Any:
        """Book the trade if it is over, then look at those that come after it."""
        trade = self._trades.get(ids[0])
        if trade is None or trade.intent.id in self._rows or not is_over(trade, self.least(pair, trade)):
            return self._look(pair, ids[1:])
        return self.pipe(self._fills(trade), then=partial(FillsRead, pair, ids), exclusive=pair)

    @handles(FillsRead)
    def count(self, message: FillsRead) -> Any:
        trade, now = self._trades[message.ids[0]], self.context.clock.market_ms()
        told = message.outcome.value if isinstance(message.outcome, Done) else ()
        known = {fill.trade_id: fill for fill in (*self._journal.fills(trade.intent.id), *own_fills(trade, told))}
        fills, mark = tuple(known.values()), self._marks.get(message.pair, trade.intent.px)
        row = closed(trade, fills, self._filters[message.pair], mark, now)
        also = () if row is None else self.ended(row)
        keep = self._journal.finish(trade, row, "closed", now, fills=fills, also=also)
        return self.pipe(keep, then=partial(TradeBooked, message.pair, message.ids, row), exclusive=message.pair)

    @handles(TradeBooked)
    def book(self, message: TradeBooked) -> Any:
        message.outcome.unwrap()
        key = message.ids[0]
        tell_over(self._trades[key], message.row)
        self._rows[key] = message.row
        self._forget_rows()
        trade = self._trades[key]
        self._schedule(trade)
        self.changed(trade, trade)
        return self._look(message.pair, message.ids[1:])

    # --- small parts

    def least(self, pair: str, trade: Trade) -> Decimal:
        """The smallest quantity of a symbol that can be sold at the last known price."""
        filters = self._filters.get(pair)
        if filters is None:
            return ZERO
        price = self._marks.get(pair, trade.sl)
        return max(filters.min_qty, filters.min_notional / price)

    def take_over(self, trade: Trade) -> None:
        """Hold a trade that is durable already, and look at it soon."""
        tell_taken_over(trade)
        self._trades[trade.intent.id] = trade
        self._due[trade.intent.id] = 0

    def _view(self, message: VenueRead, trade: Trade) -> VenueView | None:
        """The read with what other trades hold of the base; nothing but the rules of the symbol if it failed."""
        now, filters = self.context.clock.market_ms(), self._filters.get(message.pair)
        if isinstance(message.outcome, Done):
            view = message.outcome.value
            self._filters[message.pair] = view.filters
            if view.last is not None:
                self._marks[message.pair] = view.last
        elif filters is None:
            return None
        else:
            view = VenueView(filters, now)
        return replace(view, others=self._others(trade, view.filters))

    def _others(self, trade: Trade, filters: Filters) -> Others:
        base_of = {pair: known.base for pair, known in self._filters.items()}
        others = [
            other
            for key, other in self._trades.items()
            if key != trade.intent.id and base_of.get(other.intent.symbol) == filters.base
        ]
        return Others(
            sum((max(ZERO, held(other)) for other in others), ZERO),
            sum((leg.rest for other in others for leg in other.exits if leg.open), ZERO),
            any(leg.in_flight for other in others for leg in other.legs),
        )

    async def _send(self, effect: Effect) -> VenueOutcome:
        """The last function before the exchange: not when it is too late, and no entry through a closed gate."""
        sent_at = getattr(effect, "sent_at", None)
        if sent_at is not None and self.context.clock.market_ms() - sent_at > self._late_ms():
            return Refused("late", text="committed too long ago")
        if isinstance(effect, PlaceEntry) and (barred := self.entry_barred()):
            return Refused("gate", text=barred)
        return await send(self._exchange, effect)

    def _late_ms(self) -> int:
        return LATE_MS

    async def _fills(self, trade: Trade) -> tuple[Fill, ...]:
        if not bought(trade):
            return ()
        return await self._exchange.fills(trade.intent.symbol, min(leg.sent_at for leg in trade.legs))

    async def _save(self, before: Trade, after: Trade, fills: Sequence[Fill] = ()) -> None:
        """At most one commit; the entry counts for the day with the commit that first shows it executed."""
        now = self.context.clock.market_ms()
        counts = bought(after) > 0 and bought(before) == 0
        also = (self._day.executing(after.intent.id, now),) if counts else ()
        if self._stays_booked(after):
            save = partial(self._journal.finish, after, None, after.label.lower(), now, fills=fills, also=also)
        else:
            save = partial(self._journal.save, after, after.label.lower(), now, fills=fills, also=also)
        try:
            await save()
        except StorageFull:
            if not self.make_room():
                raise
            await save()

    def saving(self, trade: Trade, event: str, now: int) -> Change:
        """A command's change of a trade; one that is over and booked stays so."""
        if self._stays_booked(trade):
            return self._journal.finishing(trade, event, now)
        return self._journal.saving(trade, event, now)

    def _stays_booked(self, trade: Trade) -> bool:
        booked = trade.intent.id in self._rows
        return booked and is_over(trade, self.least(trade.intent.symbol, trade))

    def assign(self, trade: Trade) -> None:
        before = self._trades.get(trade.intent.id)
        tell(before, trade)
        self._trades[trade.intent.id] = trade
        if is_open(trade, self.least(trade.intent.symbol, trade)) or executed(before) != executed(trade):
            self._rows.pop(trade.intent.id, None)  # late fills: it is open again, or its row tells too little
        self._schedule(trade)
        self.changed(before, trade)

    def _forget_rows(self) -> None:
        """Keep those of today, and of the trades that are still watched."""
        now = self.context.clock.market_ms()
        midnight = (now - now % DAY_MS) // 1000
        self._rows = {
            key: row
            for key, row in self._rows.items()
            if key in self._trades or (row is not None and row.closed_at >= midnight)
        }

    def _schedule(self, trade: Trade) -> None:
        now = self.context.clock.market_ms()
        wait = next_poll(trade, now, self._rules)
        if wait is not None:
            self._due[trade.intent.id] = now + wait
            return
        self._due.pop(trade.intent.id, None)
        if trade.intent.id in self._rows:
            self._trades.pop(trade.intent.id, None)

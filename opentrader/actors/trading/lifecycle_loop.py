"""The lifecycle loop: read, tick, commit, send, commit the answer, read again. One step at a time per symbol.

While an exchange call for a symbol is in flight, all other work on that symbol waits (`exclusive`); other symbols do
not. A call ends with an answer, with an unknown outcome, or with the process; then the next start continues from the
journal.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.log import log_change, log_closed, log_resumed
from opentrader.actors.trading.replies.outcomes import closed
from opentrader.actors.trading.replies.presenter import bought
from opentrader.actors.trading.venue_calls import read, send
from opentrader.domain.ports import Clock
from opentrader.domain.time_limits import LATE_MS
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import Trade, answered, faulted, own_fills, tick, watch
from opentrader.domain.trading.ports import Change
from opentrader.domain.trading.venue import (
    Accepted,
    Effect,
    Fill,
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
    """Check the trades of a symbol: the ones that are due, or all of them."""

    owner = "position_manager"
    own = True
    pair: str
    all: bool = False


@dataclass(frozen=True, slots=True)
class CheckEntries(Message[None]):
    """Check all trades of a symbol now; answered once they have been checked."""

    owner = "position_manager"
    own = True
    pair: str


@dataclass(frozen=True, slots=True)
class VenueRead(Message[None]):
    pair: str
    ids: tuple[str, ...]  # the trade that was read, and those still to be checked
    outcome: Outcome[VenueView]


@dataclass(frozen=True, slots=True)
class TickCommitted(Message[None]):
    """The result of a tick is durable; its effect may be sent."""

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
    """The fills of the account since the start of a closed trade."""

    pair: str
    ids: tuple[str, ...]
    outcome: Outcome[tuple[Fill, ...]]


@dataclass(frozen=True, slots=True)
class TradeBooked(Message[None]):
    """A closed trade is in the history."""

    pair: str
    ids: tuple[str, ...]
    row: ClosedTrade | None
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the loop asks and tells its surroundings.

    `barred` is the entry gate, called directly before an entry is sent: why it must not be sent, or an empty string.
    `changed` is called after a trade was assigned; `ended` when a closed trade is booked, for further changes in the
    same commit. `make_room` frees reserved disk space, so that open positions can still be protected.
    """

    barred: Callable[[], str]
    changed: Callable[[Trade | None, Trade], None]
    ended: Callable[[ClosedTrade], tuple[Change, ...]]
    make_room: Callable[[], bool]


class LifecycleLoop(TradingPart):
    """Drives the trades. Nothing else calls `tick`. An effect that was committed `late_ms` ago is not sent."""

    def __init__(self, desk: Desk, around: Surroundings, *, late_ms: int = LATE_MS) -> None:
        super().__init__(desk)
        self._around, self._late_ms = around, late_ms
        self._driven: set[str] = set()

    # --- ticks

    def tick(self) -> None:
        """Check the symbols that have something due."""
        for pair in self.book.due_pairs(self.links.clock.market_ms()):
            self.drive(pair)

    def drive(self, pair: str, *, all: bool = False) -> None:
        """Check a symbol as soon as it is free; a second call before that changes nothing."""
        if all or pair not in self._driven:
            self._driven.add(pair)
            self.links.tell(CheckSymbol(pair, all))

    @handles(CheckSymbol)
    def begin(self, message: CheckSymbol) -> Reply[None] | None:
        self._driven.discard(message.pair)
        now = self.links.clock.market_ms()
        ids = self.book.of(message.pair) if message.all else self.book.due(message.pair, now)
        return self._look(message.pair, ids)

    @handles(CheckEntries)
    def check(self, message: CheckEntries) -> Reply[None] | None:
        return self.begin(CheckSymbol(message.pair, all=True))

    # --- one trade after the other

    def _look(self, pair: str, ids: tuple[str, ...]) -> Reply[None] | None:
        if not ids:
            return None
        if ids[0] not in self.book.trades:
            return self._look(pair, ids[1:])
        wanted = watch(self.book.trades[ids[0]], self.links.clock.market_ms(), self._rules)
        return self.links.pipe(read(self._exchange, wanted), then=partial(VenueRead, pair, ids), exclusive=pair)

    @handles(VenueRead)
    def decide(self, message: VenueRead) -> Reply[None] | None:
        trade = self.book.trades[message.ids[0]]
        view = self._view(message, trade)
        if view is not None and view.readable:
            self.book.unread.discard(trade.intent.id)
        if view is None:
            self.book.postpone(trade.intent.id, self.links.clock.market_ms())
            return self._look(message.pair, message.ids[1:])
        now = self.links.clock.market_ms()
        after, effect = self._decided(trade, view, now)
        if after == trade and effect is None:
            self.book.schedule(after, now)
            return self._next(message.pair, message.ids)
        keep = self._save(trade, after, own_fills(after, view.fills or ()))
        return self.links.pipe(
            keep, then=partial(TickCommitted, message.pair, message.ids, after, effect), exclusive=message.pair
        )

    @handles(TickCommitted)
    def act(self, message: TickCommitted) -> Reply[None] | None:
        message.outcome.unwrap()
        self.assign(message.trade)
        if message.effect is None:
            return self._next(message.pair, message.ids)
        then = partial(EffectAnswered, message.pair, message.ids, message.effect)
        return self.links.pipe(self._sent(message.effect), then=then, exclusive=message.pair)

    @handles(EffectAnswered)
    def learn(self, message: EffectAnswered) -> Reply[None] | None:
        trade, answer = self.book.trades[message.ids[0]], message.outcome
        outcome: VenueOutcome = answer.value if isinstance(answer, Done) else Unknown(answer.error.detail)
        base = self.book.filters[message.pair].base
        after = answered(trade, message.effect, outcome, base, self.links.clock.market_ms())
        again = isinstance(outcome, Accepted)
        then = partial(AnswerCommitted, message.pair, message.ids, after, again)
        return self.links.pipe(self._save(trade, after), then=then, exclusive=message.pair)

    @handles(AnswerCommitted)
    def go_on(self, message: AnswerCommitted) -> Reply[None] | None:
        message.outcome.unwrap()
        self.assign(message.trade)
        return self._look(message.pair, message.ids) if message.again else self._next(message.pair, message.ids)

    # --- the end of a trade

    def _next(self, pair: str, ids: tuple[str, ...]) -> Reply[None] | None:
        """Book the trade if it is closed, then check the remaining ones."""
        trade = self.book.trades.get(ids[0])
        if trade is None or trade.intent.id in self.book.rows or not self.book.is_over(trade):
            return self._look(pair, ids[1:])
        return self.links.pipe(fills_of(self._exchange, trade), then=partial(FillsRead, pair, ids), exclusive=pair)

    @handles(FillsRead)
    def count(self, message: FillsRead) -> Reply[None] | None:
        trade, now = self.book.trades[message.ids[0]], self.links.clock.market_ms()
        read_now = message.outcome.value if isinstance(message.outcome, Done) else ()
        known = {fill.trade_id: fill for fill in (*self._journal.fills(trade.intent.id), *own_fills(trade, read_now))}
        fills, mark = tuple(known.values()), self.book.marks.get(message.pair, trade.intent.px)
        row = closed(trade, fills, self.book.filters[message.pair], mark, now)
        also = () if row is None else self._around.ended(row)
        keep = self._journal.finish(trade, row, "closed", now, fills=fills, also=also)
        return self.links.pipe(keep, then=partial(TradeBooked, message.pair, message.ids, row), exclusive=message.pair)

    @handles(TradeBooked)
    def booked(self, message: TradeBooked) -> Reply[None] | None:
        message.outcome.unwrap()
        log_closed(self.book.trades[message.ids[0]], message.row)
        trade = self.book.closed(message.ids[0], message.row, self.links.clock.market_ms())
        self._around.changed(trade, trade)
        return self._look(message.pair, message.ids[1:])

    # --- small parts

    def resume_trade(self, trade: Trade) -> None:
        """Add a trade that is already durable, and check it soon."""
        log_resumed(trade)
        self.book.resume(trade)

    def _decided(self, trade: Trade, view: VenueView, now: int) -> tuple[Trade, Effect | None]:
        """A tick; a fault of the rules quarantines this trade, and ends nothing else."""
        try:
            return tick(trade, view, now, self._rules)
        except Exception:
            if trade.label != "QUARANTINE":
                logger.exception("trade %s, %s: the rules failed", trade.intent.id, trade.intent.symbol)
            return faulted(trade, now), None

    def _view(self, message: VenueRead, trade: Trade) -> VenueView | None:
        """What was read, plus the base quantity of other trades; only the symbol rules if the read failed."""
        now, filters = self.links.clock.market_ms(), self.book.filters.get(message.pair)
        if isinstance(message.outcome, Done):
            view = message.outcome.value
            self.book.quoted(message.pair, view.filters, view.last)
        elif filters is None:
            return None
        else:
            view = VenueView(filters, now)
        return replace(view, others=self.book.others(trade, view.filters))

    def _sent(self, effect: Effect) -> Coroutine[Any, Any, VenueOutcome]:
        return send_in_time(self._exchange, effect, self.links.clock, late_ms=self._late_ms, barred=self._around.barred)

    def _save(self, before: Trade, after: Trade, fills: Sequence[Fill] = ()) -> Coroutine[Any, Any, None]:
        """Save with at most one commit. The first commit with an executed entry also counts it for the day."""
        now = self.links.clock.market_ms()
        counts = bought(after) > 0 and bought(before) == 0
        also = (self._day.executing(after.intent.id, now),) if counts else ()
        if self.book.stays_booked(after):
            save = partial(self._journal.finish, after, None, after.label.lower(), now, fills=fills, also=also)
        else:
            save = partial(self._journal.save, after, after.label.lower(), now, fills=fills, also=also)
        return saved(save, self._around.make_room)

    def saving(self, trade: Trade, event: str, now: int) -> Change:
        """The journal change of a command; a closed and booked trade stays booked."""
        if self.book.stays_booked(trade):
            return self._journal.finishing(trade, event, now)
        return self._journal.saving(trade, event, now)

    def assign(self, trade: Trade) -> None:
        before = self.book.assign(trade, self.links.clock.market_ms())
        log_change(before, trade)
        self._around.changed(before, trade)


async def send_in_time(
    exchange: Exchange, effect: Effect, clock: Clock, *, late_ms: int, barred: Callable[[], str]
) -> VenueOutcome:
    """Send an effect, unless it is too late or an entry is blocked by the gate: `barred` says why."""
    sent_at = getattr(effect, "sent_at", None)
    if sent_at is not None and clock.market_ms() - sent_at > late_ms:
        return Refused("late", text="it was committed too long ago")
    if isinstance(effect, PlaceEntry) and (why := barred()):
        return Refused("gate", text=why)
    return await send(exchange, effect)


async def fills_of(exchange: Exchange, trade: Trade) -> tuple[Fill, ...]:
    """The fills of the account since the start of a trade; none if it never bought."""
    if not bought(trade):
        return ()
    return await exchange.fills(trade.intent.symbol, min(leg.sent_at for leg in trade.legs))


async def saved(save: Callable[[], Awaitable[None]], make_room: Callable[[], bool]) -> None:
    """Save; on a full disk once more, if room can be made."""
    try:
        await save()
    except StorageFull:
        if not make_room():
            raise
        await save()

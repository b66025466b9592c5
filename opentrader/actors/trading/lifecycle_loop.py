"""The lifecycle loop: tick from memory or look, commit, send, fold the answer, and tick again.

A trade is ticked from what is known; only where the decision needs more, or a leg is due, the venue is looked at, for
all trades of the symbol at once. A look holds nothing up: what is asked for meanwhile acts at once, and a look that is
older than an answer of the venue to one of our orders is thrown away. A commit and an order of a symbol do hold up its
other commits and orders (`exclusive`), never those of other symbols. An order ends with an answer, with an unknown
outcome, or with the process; then the next start continues from the journal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.outcome import Done, Failed
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.closed.booking import Booking
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.log import log_change, log_resumed
from opentrader.actors.trading.replies.presenter import bought
from opentrader.actors.trading.steps import (
    CheckEntries,
    CheckSymbol,
    Committed,
    EffectAnswered,
    Look,
    Looked,
    Sending,
    VenueRead,
)
from opentrader.actors.trading.venue_calls import send_in_time, told_of
from opentrader.actors.trading.waiters import Tell, until
from opentrader.domain.copies import copied
from opentrader.domain.time_limits import LATE_MS
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import (
    Ticked,
    Trade,
    answered,
    considered,
    faulted,
    matters,
    own_fills,
    tick,
    watch,
)
from opentrader.domain.trading.looks import VenueView, Watch
from opentrader.domain.trading.ports import Change
from opentrader.domain.trading.venue import Accepted, Effect, Fill, Refused, Unknown
from opentrader.domain.trading.venue import Outcome as VenueOutcome
from opentrader.errors import StorageFull

logger = logging.getLogger(__name__)

NEVER_LEFT = frozenset({"late"})  # refused by ourselves, and planned anew at once


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the loop asks and tells its surroundings.

    `barred` is the entry gate of a pair, called directly before an entry is sent: why it must not be, or nothing.
    `changed` is called after a trade was committed; `checked` when one was checked and nothing is left to do for now;
    `ended` when a closed trade is booked, and `learned` with the trade before and after for every commit of facts: both
    return further changes for the same commit.
    """

    barred: Callable[[str], str]
    changed: Callable[[Trade | None, Trade], None]
    checked: Callable[[str], None]
    ended: Callable[[ClosedTrade], tuple[Change, ...]]
    learned: Callable[[Trade, Trade], tuple[Change, ...]]


class LifecycleLoop(TradingPart):
    """Drives the trades. Nothing else calls `tick`. An effect that was committed `late_ms` ago is not sent."""

    def __init__(self, desk: Desk, around: Surroundings, *, late_ms: int = LATE_MS) -> None:
        super().__init__(desk)
        self._around, self._late_ms = around, late_ms
        self._told: set[str] = set()  # pairs whose check waits in the mailbox
        self._looks: list[Look] = []  # in flight
        self._terms: dict[str, Callable[[], str]] = {}  # of the entries that are not answered yet
        self.booking = Booking(desk, ended=around.ended, changed=around.changed, done=self._booked)

    # --- what is due

    def tick(self) -> None:
        """Check the symbols that have something due."""
        now = self.links.clock.market_ms()
        self.book.rouse(now)
        for pair in self.book.due_pairs(now):
            self.drive(pair)

    def drive(self, pair: str) -> None:
        """Check a symbol as soon as nothing holds it; a second call before that changes nothing."""
        if pair not in self._told:
            self._told.add(pair)
            self.links.tell(CheckSymbol(pair))

    def hurry(self, *trades: Trade) -> None:
        """Check these trades, which were changed by a command, as soon as nothing holds their symbols."""
        for trade in trades:
            self.book.hurry(trade.intent.id)
            self.drive(trade.intent.symbol)

    def swept(self) -> None:
        """All open orders of the account were read just now: whatever rests is seen there."""
        for pair in sorted(self.book.swept()):
            self.drive(pair)

    def told(self, pair: str) -> None:
        """The venue tells of a change in a symbol: that wakes it, and reads decide."""
        self.book.told(pair, self.links.clock.market_ms())
        self.tick()

    def follow(self, *, pushed: bool) -> None:
        """The venue tells of changes from now on, or not any more."""
        self.book.follow(self.links.clock.market_ms(), pushed=pushed)
        self.tick()

    @handles(CheckSymbol)
    def begin(self, message: CheckSymbol) -> Reply[None] | None:
        self._told.discard(message.pair)
        return self._judge(message.pair, None)

    @handles(CheckEntries)
    def check(self, message: CheckEntries) -> Reply[None]:
        keys = frozenset(self.book.read_anew(message.pair))
        self._judge(message.pair, None)
        return self.links.pipe(all_checked(self.links.tell, keys, lambda: bool(keys & self.book.unchecked)))

    # --- one symbol

    def _judge(self, pair: str, view: VenueView | None) -> Reply[None] | None:
        """Tick the trades that are due, the most urgent first; then commit, send, or look, whatever comes first.

        What needs no commit is done with. A trade that needs another look, or stands behind an order, remains due.
        """
        now, kept, order, more = self.links.clock.market_ms(), dict[str, Trade](), None, list[Watch]()
        done = list[str]()
        for trade in self.book.due(pair, now):
            ticked = self._ticked(trade, view, now, kept)
            if ticked.more:
                age = 0 if trade.intent.id in self.book.unchecked else now - self.book.roused_at(pair)
                more.append(copied(ticked.more, urgent=is_urgent(trade), max_age=min(age, ticked.more.max_age)))
            elif ticked.effect is None:
                self._conclude(trade, ticked.trade, view, kept)
                done.append(trade.intent.id)
            elif order is None and not more:
                kept[trade.intent.id] = ticked.trade
                order = Sending(trade.intent.id, ticked.effect)
        if kept:
            return self._commit(pair, kept, order, view)
        if more:
            self._look(pair, more, view)
        return self._book_one(pair, done)

    def _ticked(self, trade: Trade, view: VenueView | None, now: int, kept: dict[str, Trade]) -> Ticked:
        """A tick; a fault of the rules quarantines this trade, and ends nothing else."""
        pair, filters = trade.intent.symbol, self.book.filters.get(trade.intent.symbol)
        seen = view if view is not None or filters is None else VenueView(filters, now)
        if seen is None:
            return Ticked(trade, None, Watch(pair, parts=frozenset({"price"})))
        seen = copied(seen, others=self.book.others(trade, seen.filters, kept))
        unread = trade.intent.id in self.book.unread
        try:
            if view is None:
                return considered(trade, seen, now, self.book.read_at, self.book.rules, unread=unread)
            due = watch(trade, now, self.book.read_at, self.book.rules, unread=unread)
            return tick(trade, seen, now, self.book.rules) if seen.answers(due) else Ticked(trade, None, due)
        except Exception:
            if trade.label != "QUARANTINE":
                logger.exception("trade %s, %s: the rules failed", trade.intent.id, trade.intent.symbol)
            return Ticked(faulted(trade, now), None, Watch(pair))

    def _conclude(self, before: Trade, after: Trade, view: VenueView | None, kept: dict[str, Trade]) -> None:
        """A trade for which nothing is to be sent or read now: keep it in memory, or have it committed."""
        key = before.intent.id
        if key in self.book.unsaved or copied(after, ok_at=before.ok_at) != before:
            kept[key] = after
            return
        now = self.links.clock.market_ms()
        self.book.keep(after)
        self.book.learned(after, view, now)
        self._checked(key, view)

    def _checked(self, key: str, view: VenueView | None) -> None:
        """One that has ended is not done with before it is booked."""
        trade = self.book.trades.get(key)
        if trade is None or key in self.book.rows or not self.book.is_over(trade):
            self.book.checked(key, view, self.links.clock.market_ms())
            self._around.checked(key)

    # --- look

    def _look(self, pair: str, wanted: list[Watch], before: VenueView | None) -> None:
        """Ask for a look, unless one that is in flight will show the same."""
        watch, writes = wanted[0], self.book.writes[pair]
        for other in wanted[1:]:
            watch = watch.joined(other)
        look = Look(pair, watch, writes, before)
        if not any(self._serves(known, look) for known in self._looks):
            self._looks.append(look)
            self.links.pipe(self._exchange.look(watch), then=partial(Looked, look))

    @staticmethod
    def _serves(known: Look, look: Look) -> bool:
        """Whether a look that is in flight will show what another one asks for."""
        same = (known.pair, known.writes) == (look.pair, look.writes) and known.before is look.before
        return same and look.watch <= known.watch

    @handles(Looked)
    def looked(self, message: Looked) -> None:
        """The look may have come back while a commit or an order holds the symbol: it waits for its turn."""
        self._looks.remove(message.look)
        self.links.tell(VenueRead(message.look, message.outcome))

    @handles(VenueRead)
    def decide(self, message: VenueRead) -> Reply[None] | None:
        look, outcome = message.look, message.outcome
        if look.writes != self.book.writes[look.pair]:
            return self._judge(look.pair, None)  # it is older than the last answer to an order
        if not isinstance(outcome, Done):
            return self._blind(look, outcome.error.detail)
        view = outcome.value if look.before is None else look.before.then(outcome.value)
        self.book.quoted(look.pair, view.filters, view.last)
        return self._judge(look.pair, view)

    def _blind(self, look: Look, why: str) -> Reply[None] | None:
        """Not even the rules of the symbol could be read; what is known of them goes on to count."""
        filters, now = self.book.filters.get(look.pair), self.links.clock.market_ms()
        if filters is None:
            waiting = self.book.unreadable(look.pair, why, now)
            self._show()
            for trade in waiting:
                self._around.checked(trade.intent.id)
            return self._book_one(look.pair, [])
        asked = frozenset({*look.watch.orders, *look.watch.lists, *look.watch.parts})
        return self._judge(look.pair, VenueView(filters, now, failed=asked))

    # --- commit, and send

    def _commit(
        self, pair: str, kept: dict[str, Trade], order: Sending | None, view: VenueView | None
    ) -> Reply[None] | None:
        fills = view.fills or () if view is not None else ()
        now = self.links.clock.market_ms()
        changes = [self.saving(x, x.label.lower(), now, own_fills(x, fills)) for x in kept.values()]
        effect, committed = order.effect if order is not None else None, self.book.committed
        vital = any(matters(committed(key) or trade, trade, effect) for key, trade in kept.items())
        keep = self._journal.commit(changes, vital=vital)
        then = partial(Committed, pair, tuple(kept.values()), order, view)
        return self.links.pipe(keep, then=then, exclusive=pair)

    @handles(Committed)
    def act(self, message: Committed) -> Reply[None] | None:
        now = self.links.clock.market_ms()
        if isinstance(message.outcome, Failed) and isinstance(message.outcome.error, StorageFull):
            return self._not_stored(message.pair, message.trades)
        message.outcome.unwrap()
        for trade in message.trades:
            self.assign(trade)
            self.book.learned(trade, message.view, now)
            if message.order is None or trade.intent.id != message.order.key:
                self._checked(trade.intent.id, message.view)
        if message.order is None:
            return self._judge(message.pair, message.view)
        return self.send(message.pair, message.order)

    def _not_stored(self, pair: str, trades: tuple[Trade, ...]) -> Reply[None] | None:
        """What finds no room on the disk is tried again after a poll, and holds up no other trade of the symbol."""
        now = self.links.clock.market_ms()
        for trade in trades:
            self.book.postpone(trade.intent.id, now)
            self._around.checked(trade.intent.id)
        return self._judge(pair, None)

    def first(self, trade: Trade, view: VenueView) -> tuple[Trade, Sending | None]:
        """The first tick of a trade, by the quote that it was planned from: what to commit, and to send after that."""
        now = self.links.clock.market_ms()
        seen = copied(view, others=self.book.others(trade, view.filters, {}))
        ticked = tick(trade, seen, now, self._rules)
        return ticked.trade, None if ticked.effect is None else Sending(trade.intent.id, ticked.effect)

    def enter(self, trade: Trade, order: Sending | None, withdrawn: Callable[[], str]) -> None:
        """Send a planned entry, or have it priced anew first. `withdrawn`: why it must not be sent any more, if so.

        That counts until the entry is answered: it may be planned anew when it was late.
        """
        self._terms[trade.intent.id] = withdrawn
        if order is None:
            self.hurry(trade)
        else:
            self.send(trade.intent.symbol, order)

    def send(self, pair: str, order: Sending) -> Reply[None]:
        """Send what is committed."""
        withdrawn = self._terms.get(order.key, lambda: "")
        sent = send_in_time(
            self._exchange,
            order.effect,
            self.links.clock,
            late_ms=self._late_ms,
            barred=lambda: withdrawn() or self._around.barred(pair),
        )
        return self.links.pipe(sent, then=partial(EffectAnswered, pair, order), exclusive=pair)

    @handles(EffectAnswered)
    def learn(self, message: EffectAnswered) -> Reply[None] | None:
        """Fold the answer. What follows at once is committed together with it, and the rest alone."""
        answer, key, pair = message.outcome, message.order.key, message.pair
        outcome: VenueOutcome = answer.value if isinstance(answer, Done) else Unknown(answer.error.detail)
        now, trade, effect = self.links.clock.market_ms(), self.book.trades[key], message.order.effect
        after = self._answered(trade, effect, outcome, now)
        self.book.answered(after, (told_of(effect),) if isinstance(outcome, Accepted) else (), now)
        if after.entries:
            self._terms.pop(key, None)
        if moved(trade, after, outcome):
            self.hurry(after)
            return None
        return self._commit(pair, {key: after}, None, None)

    def _answered(self, trade: Trade, effect: Effect, outcome: VenueOutcome, now: int) -> Trade:
        """The answer, folded; a fault of the rules quarantines this trade, and ends nothing else."""
        try:
            return answered(trade, effect, outcome, self.book.filters[trade.intent.symbol].base, now)
        except Exception:
            logger.exception("trade %s, %s: an answer could not be folded", trade.intent.id, trade.intent.symbol)
            return faulted(trade, now)

    # --- the end of a trade

    def _book_one(self, pair: str, done: list[str]) -> Reply[None] | None:
        """Book a trade of the symbol that is closed; a provisional row is tried again when its trade was checked."""
        due = (key for key in self.book.of(pair) if self.booking.is_due(key, again=key in done))
        key = next(due, None)
        return None if key is None else self.booking.begin(key)

    def _booked(self, key: str, pair: str) -> None:
        self._checked(key, None)
        self.drive(pair)

    # --- small parts

    def resume_trade(self, trade: Trade) -> None:
        """Add a trade that is already durable, and check it soon."""
        log_resumed(trade)
        self.book.resume(trade)

    def saving(self, trade: Trade, event: str, now: int, fills: tuple[Fill, ...] = ()) -> Change:
        """The change of every commit of a trade; the first with an executed entry also counts it for the day.

        A closed and booked trade stays booked.
        """
        save = self._journal.finishing if self.book.stays_booked(trade) else self._journal.saving
        before = self.book.committed(trade.intent.id)
        changes = [save(trade, event, now, fills)]
        if bought(trade) and not (before is not None and bought(before)):
            changes.append(self._day.executing(trade.intent.id, now))
        if before is not None:
            changes += self._around.learned(before, trade)
        return lambda connection: [change(connection) for change in changes]

    def assign(self, trade: Trade) -> None:
        """A new state of a trade is durable."""
        before = self.book.assign(trade, self.links.clock.market_ms())
        log_change(before, trade)
        self._around.changed(before, trade)


async def all_checked(tell: Tell, keys: frozenset[str], waits: Callable[[], bool]) -> None:
    await until(tell, keys, lambda: None if waits() else True)


def moved(before: Trade, after: Trade, outcome: VenueOutcome) -> bool:
    """Whether the next step follows at once: an order did something, or it never left. A failure waits for a poll."""
    if isinstance(outcome, Refused):
        return outcome.reason in NEVER_LEFT
    failures = after.failed_closes + after.failed_protects > before.failed_closes + before.failed_protects
    return isinstance(outcome, Accepted) and not failures


def is_urgent(trade: Trade) -> bool:
    """Whether a position waits for what is read: it is being closed, or no exit of it is known to rest."""
    return bool(trade.close_reason) or not any(leg.open for leg in trade.legs)

"""The trades of the daemon, when each is looked at next, and what is known of their markets. No actor, no I/O."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from opentrader.actors.trading.reading.positions import PricedPositions
from opentrader.actors.trading.replies.presenter import executed, held, is_open, is_over
from opentrader.domain.timeframes import DAY_MS
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import Leg, LifecycleSettings, Trade, next_poll
from opentrader.domain.trading.lifecycle.looking import is_swept, rests
from opentrader.domain.trading.lifecycle.reports import sightings
from opentrader.domain.trading.looks import VenueView
from opentrader.domain.trading.pages import Blind
from opentrader.domain.trading.venue import ZERO, Filters, Others

AGES = 8
"""A provisional row is tried again after a reconcile, or after this part of its age if that is longer."""


class TradeBook:
    """Owned by one actor, on its thread. Instants are Unix milliseconds of market time, keys are ids of trades.

    `trades` are watched: open ones, and closed ones for as long as late facts may come. `planned` are those whose
    intents are being committed. `rows` are the rows in the history of closed trades, None where the entry never
    filled. `unread` are the trades that no read has shown since the start, `unchecked` those that somebody wants to
    have checked. `unsaved` are those with an answer of the venue that is not committed yet, as they were before it.
    `read_at`: when a leg was read last, by client order id; `writes` counts the answers to orders, by pair;
    `wrote_at` is when the last one came. `rules` ask for fewer reads while the venue tells of changes. `shown_at`: when
    the venue has last shown a leg; a leg that is to be read anew has that, but no `read_at`. `blind` are the pairs of
    which not even the rules could be read.
    """

    def __init__(self, rules: LifecycleSettings) -> None:
        self.trades: dict[str, Trade] = {}
        self.planned: dict[str, Trade] = {}
        self.rows: dict[str, ClosedTrade | None] = {}
        self.positions = PricedPositions()
        self.marks: dict[str, Decimal] = {}  # pair -> last price
        self.filters: dict[str, Filters] = {}
        self.blind: dict[str, Blind] = {}
        self.unread: set[str] = set()
        self.unchecked: set[str] = set()
        self.unsaved: dict[str, Trade] = {}
        self.read_at: dict[str, int] = {}
        self.shown_at: dict[str, int] = {}
        self.writes: Counter[str] = Counter()
        self.wrote_at = 0
        self._of: defaultdict[str, dict[str, None]] = defaultdict(dict)  # pair -> keys, oldest first
        self._pnl: tuple[int, Decimal] | None = None  # of the day that began at this second
        self._due: dict[str, int] = {}
        self._taken_back: dict[str, ClosedTrade] = {}  # rows of closed trades that are open again
        self.rules = self._unpushed = rules
        self._restless: dict[str, tuple[int, int]] = {}  # pair -> from when until when what rests there is polled
        self._roused: dict[str, int] = {}  # pair -> when it was last

    def load(self, trades: Iterable[Trade], rows: Mapping[str, ClosedTrade], over: Iterable[str], now: int) -> None:
        """Begin with the trades of the journal, the rows of today, and those of the trades in `over`."""
        for trade in trades:
            self.resume(trade)
        self.unread = {key for key, trade in self.trades.items() if next_poll(trade, now, {}, self.rules) is not None}
        ended = set(over)
        today = {key: row for key, row in rows.items() if row.closed_at * 1000 >= now - now % DAY_MS}
        self._taken_back = {key: row for key, row in today.items() if key in self.trades and key not in ended}
        self.rows = {key: row for key, row in today.items() if key not in self._taken_back}
        self.rows |= {key: rows.get(key) for key in ended}
        self._pnl = None

    def resume(self, trade: Trade) -> None:
        """Add a trade that is durable; it is due at once."""
        self._put(trade)
        self.hurry(trade.intent.id)

    # --- when to look

    def hurry(self, key: str) -> None:
        """Look at a trade at the next opportunity."""
        self._due[key] = 0

    def postpone(self, key: str, now: int) -> None:
        """Nothing was learned: look again after one poll."""
        self._due[key] = now + self.rules.poll
        self.unchecked.discard(key)

    def schedule(self, trade: Trade, now: int) -> None:
        """Look when the lifecycle wants to; a closed trade that needs no look anymore leaves the book.

        What is left over of it is the user's own from then on. So it stays while an order in its pair has no outcome:
        the wallet that shows whether there is such an order would change without any.
        """
        key, wait = trade.intent.id, next_poll(trade, now, self.read_at, self.rules)
        row = self.rows.get(key)
        if wait is None and row is not None and row.provisional:
            wait = max(self.rules.reconcile, (now - row.closed_at * 1000) // AGES)
        if wait is not None:
            self._due[key] = now + wait
            return
        if key not in self.rows or (trade.net > 0 and self._awaited(trade)):
            self._due[key] = now + self.rules.poll  # it has yet to be booked, or to count for a while
            return
        self._due.pop(key, None)
        if self.trades.pop(key, None) is not None:
            self._of[trade.intent.symbol].pop(key)
            self.positions.drop(trade)
            self._forget(trade)
            for leg in trade.legs:
                self.shown_at.pop(leg.cid, None)

    def _awaited(self, trade: Trade) -> bool:
        """Whether an order of another trade in the same pair has no outcome yet."""
        others = (self.trades[key] for key in self._of[trade.intent.symbol] if key != trade.intent.id)
        return any(leg.in_flight for other in others if other.label != "QUARANTINE" for leg in other.legs)

    def _put(self, trade: Trade) -> None:
        self.trades[trade.intent.id] = trade
        self._of[trade.intent.symbol][trade.intent.id] = None
        self.positions.put(trade)

    def _forget(self, trade: Trade) -> None:
        for leg in trade.legs:
            self.read_at.pop(leg.cid, None)

    def read_anew(self, pair: str) -> tuple[str, ...]:
        """Have every leg of a pair read, and its trades checked, at the next opportunity. Returns their ids."""
        keys = self.of(pair)
        for key in keys:
            self._forget(self.trades[key])
            self.hurry(key)
        self.unchecked.update(keys)
        return keys

    def swept(self) -> set[str]:
        """All open orders of the account were read: what rests is to be seen there. Returns the pairs concerned."""
        return {pair for key, trade in self.trades.items() if (pair := self._read_again(key, trade, is_swept))}

    def _read_again(self, key: str, trade: Trade, which: Callable[[Leg, LifecycleSettings], bool]) -> str:
        """Have the legs of a kind read at the next opportunity. Returns the pair; empty if there are none."""
        cids = [leg.cid for leg in trade.legs if which(leg, self.rules)]
        for cid in cids:
            self.read_at.pop(cid, None)
        if cids:
            self.hurry(key)
        return trade.intent.symbol if cids else ""

    # --- what the venue tells by itself

    def follow(self, now: int, *, pushed: bool) -> None:
        """The venue tells of changes from now on, or not any more: then whatever was read too long ago is due.

        What has changed shortly before it began was not told: all that rests is read once, when no read can be older.
        """
        self.rules = self._unpushed.pushed if pushed else self._unpushed
        for key, trade in list(self.trades.items()):
            due = self._due.get(key)
            self.schedule(trade, now)
            if due is not None and key in self._due:
                self._due[key] = min(due, self._due[key])
            if pushed:
                self._restless[trade.intent.symbol] = self._joined(trade.intent.symbol, now + self.rules.read_lag)

    def told(self, pair: str, now: int) -> None:
        """Something has changed in a pair: what rests there is polled until no read can be older than that."""
        since, until = self._joined(pair, now + self.rules.read_lag)
        self._restless[pair] = min(since, now), until

    def _joined(self, pair: str, last: int) -> tuple[int, int]:
        """What is polled in a pair already, and once more at `last`."""
        since, until = self._restless.get(pair, (last, last))
        return since, max(until, last)

    def rouse(self, now: int) -> None:
        """Have what rests in the restless pairs read anew, each at most once a poll."""
        for pair, (since, until) in list(self._restless.items()):
            if now < since or now - self.roused_at(pair) < self.rules.poll:
                continue
            self._roused[pair] = now
            for key in self.of(pair):
                self._read_again(key, self.trades[key], rests)
            if now >= until:
                del self._restless[pair]

    def roused_at(self, pair: str) -> int:
        """What was asked for before does not show what has been told."""
        return self._roused.get(pair, 0)

    def due_pairs(self, now: int) -> list[str]:
        return sorted({self.trades[key].intent.symbol for key, at in self._due.items() if at <= now})

    def due(self, pair: str, now: int) -> list[Trade]:
        """The trades of a pair that are due: first what is being closed, then what is canceled, then what is bare."""
        due = [self.trades[key] for key in self._of[pair] if self._due.get(key, now + 1) <= now]
        return sorted(due, key=_rank)

    def of(self, pair: str) -> tuple[str, ...]:
        """The trades of a pair, oldest first."""
        return tuple(self._of[pair])

    # --- what was learned

    def quoted(self, pair: str, filters: Filters, last: Decimal | None) -> None:
        """The rules and the price of a market, as just read."""
        self.filters[pair] = filters
        self.blind.pop(pair, None)
        if last is not None:
            self.marks[pair] = last

    def unreadable(self, pair: str, why: str, now: int) -> list[Trade]:
        """Nothing of a market could be read, as of one that is not listed any more. Returns its trades, which wait."""
        self.blind[pair] = Blind(why, self.blind[pair].since if pair in self.blind else now)
        waiting = self.due(pair, now)
        for trade in waiting:
            self.postpone(trade.intent.id, now)
        return waiting

    def waiting_blind(self) -> dict[str, Blind]:
        """The pairs that cannot be read, and have a trade that waits for it: one that was dropped does not."""
        waiting = {trade.intent.symbol for trade in self.trades.values() if not trade.dropped} if self.blind else ()
        return {pair: blind for pair, blind in self.blind.items() if pair in waiting}

    def committed(self, key: str) -> Trade | None:
        """A trade as it is in the journal."""
        return self.unsaved.get(key) or self.trades.get(key)

    def assign(self, trade: Trade, now: int) -> Trade | None:
        """Put a new state of a trade, which is committed, in place of the one before, which is returned.

        Late fills open a closed trade again, or make its row incomplete.
        """
        key = trade.intent.id
        before = self.committed(key)
        self.unsaved.pop(key, None)
        self._put(trade)
        if is_open(trade, self.least(trade)) or executed(before) != executed(trade):
            row, self._pnl = self.rows.pop(key, None), None
            if row is not None:
                self._taken_back[key] = row
        self.schedule(trade, now)
        return before

    def keep(self, trade: Trade) -> None:
        """A state that differs only in what is not worth a commit."""
        self._put(trade)

    def answered(self, trade: Trade, cids: Iterable[str], now: int) -> None:
        """The venue has answered an order of a trade, and tells of these legs; nothing of it is committed yet."""
        key = trade.intent.id
        self.unsaved.setdefault(key, self.trades[key])
        self._put(trade)
        self.writes[trade.intent.symbol] += 1
        self.wrote_at = now
        self._shown(cids, now, recent=True)

    def _shown(self, cids: Iterable[str], now: int, *, recent: bool) -> None:
        """The venue has shown these legs; if not by a `recent` view, they are still to be read."""
        at = dict.fromkeys(cids, now)
        self.shown_at |= at
        if recent:
            self.read_at |= at

    def learned(self, trade: Trade, view: VenueView | None, now: int) -> None:
        """A trade was judged by this view, or from memory: what the view has shown need not be read again soon.

        Unless the venue has told of a change since the view was asked for, which it need not show.
        """
        if trade.intent.id not in self.trades:
            return
        if view is not None and view.complete and view.history is not None:
            self.unread.discard(trade.intent.id)
        if view is not None:
            cids = (leg.cid for leg in trade.legs if leg.cid and is_shown(leg, view))
            self._shown(cids, now, recent=view.at >= self.roused_at(trade.intent.symbol))
        self.schedule(trade, now)

    def checked(self, key: str, view: VenueView | None, now: int) -> None:
        """Nothing more is to be done about a trade now. What could not be read is asked for again after one poll."""
        self.unchecked.discard(key)
        if view is None or view.complete:
            self.unread.discard(key)
        elif key in self._due:
            self._due[key] = max(self._due[key], now + self.rules.poll)

    def closed(self, key: str, row: ClosedTrade | None, now: int) -> Trade:
        """A closed trade is in the history. The book keeps the rows of today, and of trades that are watched."""
        midnight = (now - now % DAY_MS) // 1000
        self.rows[key], self._pnl = row, None
        self._taken_back.pop(key, None)
        self.rows = {
            each: kept
            for each, kept in self.rows.items()
            if each in self.trades or (kept is not None and kept.closed_at >= midnight)
        }
        trade = self.trades[key]
        self.schedule(trade, now)
        return trade

    # --- questions

    def known(self) -> tuple[Trade, ...]:
        """The trades and those whose intents are being committed."""
        return (*self.trades.values(), *self.planned.values())

    def is_unread(self, pair: str) -> bool:
        """Whether a trade of a pair was not read since the start."""
        return any(self.trades[key].intent.symbol == pair for key in self.unread if key in self.trades)

    def least(self, trade: Trade) -> Decimal:
        """The smallest quantity of its base that can be sold at the last known price; 0 if the rules are unknown."""
        filters = self.filters.get(trade.intent.symbol)
        if filters is None:
            return ZERO
        price = self.marks.get(trade.intent.symbol, trade.sl)
        return max(filters.min_qty, filters.min_notional / price)

    def is_over(self, trade: Trade) -> bool:
        return self.is_given_up(trade) or is_over(trade, self.least(trade))

    def is_given_up(self, trade: Trade) -> bool:
        """Whether a trade was dropped in a market that cannot be read: its orders are not waited for."""
        return trade.dropped and trade.intent.symbol in self.blind

    def stays_booked(self, trade: Trade) -> bool:
        """Whether a new state of a trade leaves it closed, and its row as it is."""
        same = executed(self.trades.get(trade.intent.id)) == executed(trade)
        return same and trade.intent.id in self.rows and self.is_over(trade)

    def has_ended(self, key: str) -> bool:
        """Whether a trade is booked, or watched no longer."""
        return key in self.rows or key not in self.trades

    def others(self, trade: Trade, filters: Filters, latest: Mapping[str, Trade]) -> Others:
        """What other trades hold of the same base, rest on their exits, and have in flight.

        `latest`: states that are not assigned yet.
        """
        pairs = [pair for pair, known in self.filters.items() if known.base == filters.base]
        keys = (key for pair in pairs for key in self._of[pair] if key != trade.intent.id)
        others = [latest.get(key, self.trades[key]) for key in keys]
        return Others(
            sum((max(ZERO, held(other)) for other in others), ZERO),
            sum((leg.rest for other in others for leg in other.exits if leg.open), ZERO),
            any(leg.in_flight for other in others if other.label != "QUARANTINE" for leg in other.legs),
        )

    def pnl_today(self, now: int) -> Decimal:
        """The realized profit and loss since 00:00 UTC, never better than the truth.

        What a trade has lost stays lost while a late fill has taken its row back.
        """
        midnight = (now - now % DAY_MS) // 1000
        if self._pnl is None or self._pnl[0] != midnight:
            self._pnl = midnight, self._pnl_since(midnight)
        return self._pnl[1]

    def _pnl_since(self, midnight: int) -> Decimal:
        booked = [row.day_pnl for row in self.rows.values() if row and row.closed_at >= midnight]
        open_again = [min(row.day_pnl, ZERO) for row in self._taken_back.values() if row.closed_at >= midnight]
        return sum((*booked, *open_again), ZERO)


def is_shown(leg: Leg, view: VenueView) -> bool:
    """Whether a view answers for a leg: it was looked up, or it rests and all open orders were read."""
    if leg.cid in view.found or leg.cid in view.missing:
        return True
    return leg.open and view.open_orders is not None and bool(sightings(leg, view))


def _rank(trade: Trade) -> int:
    if trade.close_reason:
        return 0
    if trade.halt:
        return 1
    return 3 if any(leg.open for leg in trade.legs) else 2

"""What must hold, judged from the venue's ledger: after each of its commits, every few seconds, and at the end.

A kind of violation is reported once, where it was first seen. Time counts as good while the daemon has been up for a
moment and the weather leaves it in peace: what waits for the venue is not held against it.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

import orjson
from apsw import Connection

from opentrader.actors import messages
from opentrader.actors.messages.exits import is_exit
from opentrader.actors.runtime.message import Message
from opentrader.domain.trading.lifecycle import Intent, Trade
from opentrader.domain.trading.lifecycle.ids import ENTRY, EXIT
from opentrader.errors import StorageFull
from tests.simulation.clock import every
from tests.simulation.judging.commands import is_dropped, judge_closeall
from tests.simulation.judging.keys import Keys
from tests.simulation.judging.money import Accountant, Book
from tests.simulation.market import START_MS
from tests.simulation.weather import CallFault, WindowKind
from tests.simulation.wire import GONE

if TYPE_CHECKING:
    from tests.simulation.daemon import Answer
    from tests.simulation.simulation import Simulation

ZERO = Decimal(0)
CHECK_SECONDS = 5.0
MONEY_SECONDS = 60.0
SETTLED_SECONDS = 15.0  # after a start
BARE_SECONDS = 120.0  # of good time; the bound of one unknown outcome is 22 s, and several may follow each other
UNSEEN_SECONDS = 150.0  # of good time; the reconcile looks every 30 s
STUCK_SECONDS = 600.0  # of good time, from the operator's close of a quarantined trade
MOST_ORDERS, ORDERS_SECONDS = 12, 60  # market orders of one trade within a minute
ENTRY_SECONDS = 10  # from the intent of a market entry to its order: 5 s, and the line
MOST_READS = 4  # of the account at once
ACCOUNT_SECONDS = 20  # age of the account that an entry is sized from
PROTECTABLE = Decimal(12)  # in quote currency: what is worth less may stay unprotected


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken, and when: seconds after the start."""

    kind: str
    at: float
    text: str


@dataclass
class Placed:
    """What the venue has been asked for one trade of ours."""

    entries: set[int] = field(default_factory=set)  # order ids that bought
    market_orders: deque[int] = field(default_factory=lambda: deque(maxlen=MOST_ORDERS + 1))
    bare: float = 0.0  # seconds of good time


def tail_of(cid: str) -> str | None:
    """The last symbols of the trade's id in a client order id of ours."""
    if found := ENTRY.fullmatch(cid):
        return found["tail"]
    found = EXIT.fullmatch(cid)
    return found["id"][-8:] if found else None


def _rows(connection: Connection, sql: str, *values: object) -> list[Any]:
    return list(connection.execute(sql, values))


class Judge:
    def __init__(
        self, simulation: Simulation, journal: Connection, ledger: Connection, faults: list[logging.LogRecord]
    ) -> None:
        self._sim, self._journal, self._ledger, self._faults = simulation, journal, ledger, faults
        self.violations: dict[str, Violation] = {}
        self.books: dict[str, Book] = defaultdict(Book)
        self._placed: dict[str, Placed] = defaultdict(Placed)
        self._money = Accountant(simulation, journal, ledger, self.books, self.found)
        self._orders = self._fills = 0  # the last ones seen
        self._tails: dict[int, str] = {}  # order -> trade
        self._good = 0.0
        self._unseen: dict[str, float] = {}
        self._unpaged: set[str] = set()
        self._unreconciled = 0.0
        self._pushed = simulation.weather.climate.push is not None
        self._all_closed = -1.0  # when the last closeall was answered
        self._overruled: dict[str, float] = {}  # quarantined trade -> good time of the operator's close
        self._intents: dict[str, Intent] = {}  # as they were planned
        self._unknown: dict[str, float] = {}
        self._keys = Keys(journal, self.books, self.found, simulation.clock.market_ms)
        self.asked = self._keys.asked

    def start(self) -> None:
        every(self._sim.loop, CHECK_SECONDS, self.watch)
        if self._sim.weather.climate.crowd:
            every(self._sim.loop, 1.0, self._count)

    def found(self, kind: str, text: str) -> None:
        """Report a violation, the first of its kind."""
        if kind not in self.violations:
            self.violations[kind] = Violation(kind, self._sim.loop.time(), text)

    # --- after each commit of the ledger

    def look(self) -> None:
        for id_, cid, symbol, type_, side, created in self._new("orders", "cid, symbol, type, side, created_at"):
            self._orders = id_
            if (tail := tail_of(cid)) is not None:
                self._tails[id_] = tail
                self._ordered(tail, symbol, type_, side, created)
        rows = self._new("trades", "order_id, base, side, qty, px, fee, fee_asset, at")
        for id_, order, base, side, qty, px, fee, fee_asset, at in rows:
            self._fills = id_
            if order in self._tails:
                self._filled(self._tails[order], order, side, Decimal(qty), Decimal(px))
                self._charged(self._tails[order], base, fee_asset, Decimal(fee), at)
                self._demand_own(self._tails[order], base)

    def _new(self, table: str, columns: str) -> list[Any]:
        last = self._orders if table == "orders" else self._fills
        sql = f"SELECT id, {columns} FROM {table} WHERE id > ? ORDER BY id"
        return _rows(self._ledger, sql, last)

    def _ordered(self, tail: str, symbol: str, type_: str, side: str, created: int) -> None:
        placed = self._placed[tail]
        self.books[tail].symbol = symbol
        if type_ != "MARKET":
            return
        placed.market_orders.append(created)
        within = self._seconds(created - placed.market_orders[0])
        if len(placed.market_orders) > MOST_ORDERS and within <= ORDERS_SECONDS:
            self.found("order storm", f"{len(placed.market_orders)} market orders of {tail} within a minute")
        if side == "buy":
            self._entered(tail, created)

    def _entered(self, tail: str, created: int) -> None:
        trade = self._trade(tail)
        if trade is None:
            return
        asked = self._sim.asked_at(trade.intent.symbol)
        if asked is not None and asked < self._all_closed < self._sim.loop.time():
            self.found("opened after closeall", f"{tail} was asked for before a closeall, and bought after it")
        waited = self._seconds(created - trade.intent.created_at)
        if waited > ENTRY_SECONDS:
            self.found("late entry", f"{tail} was bought {waited:.1f} s after it was planned")
        daemon = self._sim.daemon
        account = daemon.snapshot().account if daemon is not None and daemon.ready else None
        age = 0.0 if account is None else self._seconds(created - account.at)
        if age > ACCOUNT_SECONDS:
            self.found("stale account", f"{tail} was bought on an account of {age:.0f} s ago")

    def _seconds(self, market_ms: int) -> float:
        """How long a duration of the process or the line has been, in real time."""
        return market_ms / 1000 / self._sim.clock.speed

    def _charged(self, tail: str, base: str, asset: str, fee: Decimal, at: int) -> None:
        """A fee in another asset than those of the pair costs what the venue's price says at that time."""
        book = self.books[tail]
        book.fees[asset] += fee
        if asset not in {base, "USDT"}:
            book.other_fees += fee * self._sim.prices.price(asset + "USDT", at)

    def _filled(self, tail: str, order: int, side: str, qty: Decimal, px: Decimal) -> None:
        book, entries = self.books[tail], self._placed[tail].entries
        book.filled_at = self._sim.clock.market_ms()
        if side == "buy":
            book.bought, book.paid = book.bought + qty, book.paid + qty * px
            entries.add(order)
        else:
            book.sold, book.got = book.sold + qty, book.got + qty * px
        if len(entries) > 1:
            self.found("doubled entry", f"{tail} was bought by {len(entries)} orders")

    def _demand_own(self, tail: str, base: str) -> None:
        book = self.books[tail]
        if book.net(base) < 0:
            self.found("oversold", f"{tail} sold {-book.net(base)} {base} that it did not buy")

    # --- every few seconds

    def watch(self) -> None:
        for record in self._faults:
            if record.exc_info:  # without an exception it is a page, which is no fault of ours
                self.found("fault", f"{record.getMessage()}: {record.exc_info[1]!r}")
        self._faults.clear()
        self._keys.watch()
        minute = int(self._sim.loop.time() // 60) - 1
        weight, most = self._sim.wire.weight[minute], self._sim.weather.climate.weight
        if weight > most:
            self.found("weight", f"{weight:,} of {most:,} request weight in a minute")
        for name, count in self._sim.wire.under_way.items():
            if name == "balances" and count > MOST_READS:
                self.found("reads pile up", f"{count} reads of the account at once")
        if self._is_good():
            self._good += CHECK_SECONDS
            trades = self._trades()
            if self._good % MONEY_SECONDS == 0:
                self._money.check(self._good, {tail for tail, trade in trades.items() if trade.label in _ENDED})
            self._demand_protection()
            self._demand_reconciled()
            self._demand_looks(trades)
            self._demand_known(trades)
            self._demand_ends(trades)
            self._demand_pages(trades)

    def held(self, base: str) -> Decimal:
        """What our trades have bought of a coin, and not sold."""
        return sum((book.net(base) for book in self.books.values() if book.symbol == base + "USDT"), ZERO)

    def _count(self) -> None:
        """For how many seconds several trades share a coin, and what is special about them then."""
        seen, held = self._sim.weather.seen, defaultdict[str, list[Trade]](list)
        for tail, trade in self._trades().items():
            if self.books[tail].net(self.books[tail].base) * trade.sl > PROTECTABLE:
                held[trade.intent.symbol].append(trade)
        for several in held.values():
            seen["several trades of a coin"] += len(several) > 1
            healthy = any(trade.label == "PROTECTED" for trade in several)
            doubtful = any(leg.in_flight for trade in several for leg in trade.legs)
            seen["one unknown, one protected"] += len(several) > 1 and healthy and doubtful
        sql = "SELECT count(*) FROM orders WHERE status = 'OPEN' AND side = 'sell' AND CAST(cum AS REAL) > 0"
        seen["exits in part"] += self._ledger.execute(sql).get

    def _is_good(self) -> bool:
        sim = self._sim
        if sim.daemon is None or not sim.daemon.ready or sim.loop.time() - sim.up_since < SETTLED_SECONDS:
            return False
        return not any(sim.weather.now(kind) for kind in get_args(WindowKind) if kind not in {"gone", "fills", "mute"})

    def _is_gone(self, symbol: str) -> bool:
        return symbol == GONE and bool(self._sim.weather.now("gone"))

    def _demand_protection(self) -> None:
        covered: dict[str, Decimal] = defaultdict(Decimal)
        lists: set[int] = set()
        sql = "SELECT cid, qty, cum, list_id FROM orders WHERE status = 'OPEN' AND side = 'sell'"
        for cid, qty, cum, list_id in _rows(self._ledger, sql):
            tail = tail_of(cid)
            if tail is not None and (not list_id or list_id not in lists):
                lists.add(list_id)
                covered[tail] += Decimal(qty) - Decimal(cum)
        for tail, book in self.books.items():
            if not book.bought or self._is_gone(book.symbol):
                continue
            worth, placed = self._worth(book, covered.get(tail, ZERO)), self._placed[tail]
            placed.bare = placed.bare + CHECK_SECONDS if worth > PROTECTABLE else 0.0
            if placed.bare > BARE_SECONDS and not self._is_left_alone(tail):
                self.found("bare", f"{worth:.2f} USDT of {tail} ({book.symbol}) unprotected for {placed.bare:.0f} s")

    def _worth(self, book: Book, covered: Decimal = ZERO) -> Decimal:
        """In quote currency, of what a trade holds and is not covered."""
        left = book.net(book.base) - covered
        return left * self._sim.prices.price(book.symbol, self._sim.clock.market_ms()) if left else ZERO

    def _is_left_alone(self, tail: str) -> bool:
        """It waits for an operator, or one has given it up."""
        trade = self._trade(tail)
        return (trade is not None and trade.label == "QUARANTINE") or is_dropped(self._journal, tail)

    def _demand_reconciled(self) -> None:
        """Entries are allowed soon after a start, whatever became of one symbol."""
        daemon = self._sim.daemon
        assert daemon is not None
        self._unreconciled = 0.0 if daemon.snapshot().reconciled else self._unreconciled + CHECK_SECONDS
        if self._unreconciled > UNSEEN_SECONDS:
            self.found("shut out", f"no entry is allowed {self._unreconciled:.0f} s after a start")

    def _demand_looks(self, trades: dict[str, Trade]) -> None:
        """A trade with something at work is looked at, again and again."""
        for tail, trade in trades.items():
            symbol, began = trade.intent.symbol, self._seconds(trade.intent.created_at - START_MS)
            told = self._sim.wire.seen_at(symbol, of_all=is_swept(trade, pushed=self._pushed))
            seen = max(told, self._sim.up_since, began)
            at_work = any(leg.live for leg in trade.legs)  # what is bare is judged apart
            if not at_work or self._is_gone(symbol) or seen >= self._sim.loop.time() - CHECK_SECONDS:
                self._unseen.pop(tail, None)
                continue
            self._unseen[tail] = self._unseen.get(tail, 0.0) + CHECK_SECONDS
            if self._unseen[tail] > UNSEEN_SECONDS:
                self.found("not looked at", f"{tail} ({symbol}, {trade.label}) for {self._unseen[tail]:.0f} s")

    def _demand_known(self, trades: dict[str, Trade]) -> None:
        """What is held belongs to a trade that the daemon knows, with what the id of its entry tells (K18)."""
        for tail, book in self.books.items():
            worth = ZERO if tail in trades or not book.bought or self._is_gone(book.symbol) else self._worth(book)
            known = worth <= PROTECTABLE or is_dropped(self._journal, tail)
            self._unknown[tail] = 0.0 if known else self._unknown.get(tail, 0.0) + CHECK_SECONDS
            if self._unknown[tail] > UNSEEN_SECONDS:
                self.found("forgotten", f"{worth:.2f} USDT of {tail} ({book.symbol}) belong to no trade")
        for tail, trade in trades.items():
            if trade.intent.source != "recovered":
                self._intents[tail] = trade.intent
            elif (planned := self._intents.get(tail)) and any(leg.cid for leg in trade.entries):
                self._sim.weather.seen["rebuilt, seen"] += 1
                if wrong := differs(planned, trade.intent):
                    self.found("rebuilt wrongly", f"{tail} ({trade.intent.symbol}): {wrong}")

    def _demand_ends(self, trades: dict[str, Trade]) -> None:
        """What an operator has closed comes to an end."""
        for tail, since in list(self._overruled.items()):
            trade = trades.get(tail)
            if trade is None or trade.label != "QUARANTINE":
                del self._overruled[tail]
            elif self._good - since > STUCK_SECONDS:
                self.found(
                    "stuck in quarantine", f"{tail} ({trade.intent.symbol}), closed {self._good - since:.0f} s ago"
                )
        weather, quiet = self._sim.weather.seen, self._sim.wire.refusals == 0
        for tail, trade in trades.items():
            if trade.label == "QUARANTINE" and quiet and not any(weather[fault] for fault in _OF_THE_LINE):
                self.found(
                    "blamed the venue", f"{tail} ({trade.intent.symbol}) is in quarantine; the venue refused nothing"
                )

    def _demand_pages(self, trades: dict[str, Trade]) -> None:
        """What stands in quarantine is paged, and no sale is told of that did not happen."""
        daemon = self._sim.daemon
        assert daemon is not None
        paged = {page.trade[-8:] for page in daemon.pages() if page.code == "quarantine"}
        for tail, trade in trades.items():
            if trade.label != "QUARANTINE" or tail in paged:
                self._unpaged.discard(tail)
            elif tail in self._unpaged:
                self.found("not paged", f"{tail} ({trade.intent.symbol}) is in quarantine, and nobody is told")
            else:
                self._unpaged.add(tail)  # since the last look, perhaps
            if OVERSOLD in {alert.code for alert in trade.alerts} and "oversold" not in self.violations:
                self.found("false page", f"{tail} ({trade.intent.symbol}): {OVERSOLD}")

    # --- answers

    def answered(self, message: Message[Any], answer: Answer) -> None:
        if answer.status == 200 and isinstance(message, messages.ExecuteTrade | messages.PlaceManual):
            told = orjson.loads(answer.reply)
            trade = told.get("trade") or told.get("entry")
            if trade is not None and not self._is_journaled(trade["id"]):
                self.found("lost", f"{trade['id']} was answered, and is in no journal")
        if answer.status == 200 and isinstance(message, messages.CloseAll):
            self._all_closed = self._sim.loop.time()
            judge_closeall(self._sim, self._journal, orjson.loads(answer.reply))
        room = self._sim.disk.reserve or self._sim.disk.room
        if answer.code == StorageFull.code and is_exit(message) and self._sim.weather.now("full") and room:
            self.found("exit refused", f"{type(message).__name__} was refused on a full disk: {answer.reply.decode()}")

    def overruled(self, tail: str) -> None:
        """An operator closes a quarantined trade."""
        self._overruled.setdefault(tail, self._good)

    def _is_journaled(self, id_: str) -> bool:
        return self._journal.execute("SELECT 1 FROM intents WHERE id = ?", (id_,)).get is not None

    # --- at the end

    def closing(self) -> None:
        self.watch()
        self._money.closing()

    # --- what the daemon thinks

    def _trades(self) -> dict[str, Trade]:
        daemon = self._sim.daemon
        if daemon is None or not daemon.ready:
            return {}
        return {trade.intent.id[-8:]: trade for trade in daemon.snapshot().trades}

    def _trade(self, tail: str) -> Trade | None:
        return self._trades().get(tail)


OVERSOLD = "sold more than was held"
_ENDED = frozenset({"FLAT", "DUST"})
_OF_THE_LINE = (*get_args(CallFault), "outage", "halt", "thin", "kill")


def differs(planned: Intent, rebuilt: Intent) -> str:
    """What a rebuilt intent tells otherwise than the one that was planned; the entry price may be that of its fills."""
    px = planned.px or rebuilt.px
    tolerance = px / 5_000 + abs(rebuilt.px - px)
    if abs(planned.sl - rebuilt.sl) > tolerance:
        return f"its first stop was {planned.sl}, and is {rebuilt.sl}"
    for name in ("sl_pct", "tp_pct"):
        before, after = getattr(planned, name), getattr(rebuilt, name)
        if abs(before - after) > Decimal("0.02"):
            return f"its {name} was {before}, and is {after}"
    return f"its rr was {planned.rr}, and is none" if planned.rr and not rebuilt.rr else ""


def is_swept(trade: Trade, *, pushed: bool) -> bool:
    """Whether a read of all open orders of the account tells enough of a trade."""
    return all(leg.open and (pushed or leg.kind == "L") for leg in trade.legs if leg.live)

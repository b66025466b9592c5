"""Reconciliation: finds our trades at the exchange that the journal does not know, and other daemons on the account.

It runs at the start, before any entry is allowed, and every 30 seconds from then on. At the start it reads every symbol
that has a balance or open orders. Later it reads the open orders and balances of the account, and only those symbols
that have an order of ours that no trade explains; normally that is two calls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from opentrader.actors import messages
from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.control import halted_by
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.replies.presenter import bought, trade_reply
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.actors.trading.steps import CheckEntries
from opentrader.domain.copies import copied
from opentrader.domain.ports import Clock
from opentrader.domain.symbols import QUOTE
from opentrader.domain.time_limits import LOOKUP_SECONDS, REQUEST_SECONDS
from opentrader.domain.timeframes import DAY_MS, WEEK_MS
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.lifecycle import LifecycleSettings, Trade, joined, rebuilt
from opentrader.domain.trading.lifecycle.ids import ours
from opentrader.domain.trading.lifecycle.stray import OVER
from opentrader.domain.trading.looks import everything
from opentrader.domain.trading.pages import Blind
from opentrader.domain.trading.ports import Change, Journal
from opentrader.domain.trading.venue import Filters
from opentrader.errors import ExchangeError, OpentraderError, SymbolNotFound

logger = logging.getLogger(__name__)

RECONCILE_SECONDS = 30.0
RETRY_SECONDS = 5.0  # until the first one has succeeded
LOOKS_AT_ONCE = 8  # of the symbols that are searched at a start


@dataclass(frozen=True, slots=True)
class Reconcile(Message[tuple[Trade, ...]]):
    """Find our trades at the exchange that the journal does not know, and adopt them; replies with them."""

    owner = "position_manager"
    own = True


@dataclass(frozen=True, slots=True)
class Settle(Message[tuple[Trade, ...]]):
    """Adopt what a search has found, and halt for a stranger that was not reported yet."""

    owner = "position_manager"
    own = True
    found: Found


@dataclass(frozen=True, slots=True)
class Reconciled(Message[None]):
    outcome: Outcome[Any]


@dataclass(frozen=True, slots=True)
class Adopt(Message[tuple[Trade, ...]]):
    """Adopt trades that were rebuilt from the exchange, unless they are already known."""

    owner = "position_manager"
    own = True
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True)
class JoinLate(Message[None]):
    """Orders were found of a trade that is not watched any more: what is new of them is committed, and it is watched.

    `owned`: what was rebuilt from the orders that were found, in a symbol with these rules.
    """

    owner = "position_manager"
    own = True
    owned: Trade
    filters: Filters


@dataclass(frozen=True, slots=True)
class LateJoined(Message[None]):
    trade: Trade
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class Adopted(Message[tuple[Trade, ...]]):
    outcome: Outcome[tuple[Trade, ...]]


class Found(NamedTuple):
    """The result of one reconciliation: trades at work, others that are over, the rules of their symbols.

    `failed`: symbols that could not be read, and why.
    """

    trades: tuple[Trade, ...] = ()
    over: tuple[Trade, ...] = ()
    filters: tuple[Filters, ...] = ()
    strangers: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


class Reconciliation(TradingPart):
    """Finds what the journal does not know. `opened` is called once all is reconciled: entries are allowed then.

    `tried`: whether the first attempt has ended, well or not. `unsearched` are the symbols that could not be read:
    entries of these, and of no other, wait for that.
    """

    def __init__(self, desk: Desk, loop: LifecycleLoop, opened: Callable[[], object]) -> None:
        super().__init__(desk)
        self.reconciled = self.tried = False
        self.unsearched: dict[str, Blind] = {}
        self._loop, self._opened = loop, opened
        self._boot_ms = desk.links.clock.market_ms()
        self._under_way, self._begun_at = False, 0.0
        self._strangers: frozenset[str] = frozenset()  # already reported

    def tick(self, at: float) -> None:
        """Reconcile every 30 s, more often until it has succeeded once."""
        pause = RECONCILE_SECONDS if self.reconciled else RETRY_SECONDS
        readable = self._snapshot().account is not None
        if readable and not self._under_way and at - self._begun_at >= pause:
            self._begun_at = at
            self.start()

    def start(self) -> Reply[None] | None:
        """Start a reconciliation, unless one is in progress."""
        if self._under_way:
            return None
        self._under_way = True
        pairs = sorted({self.book.trades[key].intent.symbol for key in self.book.unread if key in self.book.trades})
        work = reconciled(self._search(), pairs, everywhere=not self.reconciled)
        return self.links.pipe(work, then=Reconciled)

    @handles(Reconciled)
    def finish(self, message: Reconciled) -> None:
        self._under_way, self.tried = False, True
        if isinstance(message.outcome, Done):
            self._loop.swept()
        self.book.unread &= self.book.trades.keys()
        if not isinstance(message.outcome, Done):
            logger.warning("reconciliation failed, retrying: %s", message.outcome.error.detail)
        elif not self.reconciled:
            self.reconciled = True
            self._show()
            self._opened()

    @handles(Reconcile)
    def reconcile(self, message: Reconcile) -> Reply[tuple[Trade, ...]]:
        return self.links.pipe(settled(self._search(), everywhere=True))

    def _search(self) -> Search:
        return Search(
            exchange=self._exchange,
            ask=self.links.ask,
            clock=self.links.clock,
            snapshot=self._snapshot,
            instance=self._instance,
            boot_ms=self._boot_ms,
            rules=self._rules,
        )

    @handles(Settle)
    def settle(self, message: Settle) -> Reply[tuple[Trade, ...]]:
        found, now = message.found, self.links.clock.market_ms()
        known = self.unsearched
        self.unsearched = {
            symbol: Blind(why, known[symbol].since if symbol in known else now) for symbol, why in found.failed
        }
        for symbol in self.unsearched.keys() - known.keys():
            why = self.unsearched[symbol].why
            logger.warning("%s could not be searched for trades, retrying: %s", symbol, why)
        self._show()
        new = set(found.strangers) - self._strangers - self._journal.owners(found.strangers).keys()
        self._strangers |= new
        return self.links.pipe(adopted(self.links.ask, self.links.clock, found, sorted(new)))

    # --- adopted trades

    @handles(messages.RecoverTrades)
    def recover(self, message: messages.RecoverTrades) -> Reply[messages.TradesRecovered]:
        known = len(self._snapshot().open_trades()) + len(self._snapshot().pending())
        return self.links.pipe(recovered(self._search(), known))

    @handles(Adopt)
    def adopt(self, message: Adopt) -> Reply[tuple[Trade, ...]]:
        """Adopt trades whose orders belong to no journaled trade."""
        owners = self._owners(message.trades)
        now = self.links.clock.market_ms()
        tails, new = {key[-8:] for key in self.book.trades}, list[Trade]()
        for trade in message.trades:
            owner = next((owners[cid] for leg in trade.legs for cid in leg.cids if cid in owners), None)
            if owner is None and trade.intent.id[-8:] not in tails:
                new.append(trade)
        return self.links.pipe(
            stored(self._journal, tuple(map(self._adoption, new)), now), then=Adopted, exclusive="adopt"
        )

    def _owners(self, trades: Iterable[Trade]) -> dict[str, str]:
        return self._journal.owners(cid for x in trades for leg in x.legs for cid in leg.cids if cid)

    @handles(JoinLate)
    def join_late(self, message: JoinLate) -> Reply[None] | None:
        """An order of a closed trade is open, or has sold: its row is booked again, and the next check cancels it."""
        trade, now = self._ended(message.owned), self.links.clock.market_ms()
        late = None if trade is None else joined(trade, message.owned)
        if trade is None or late is None or late == trade:
            return None
        key, pair, late = trade.intent.id, trade.intent.symbol, copied(late, last_change=now)
        logger.warning("trade %s, %s: closed, but one of its orders is at work, or was", key, pair)
        self.book.quoted(pair, message.filters, None)
        if key not in self.book.trades:
            self.book.rows.setdefault(key, next(iter(self._history.of((key,))), None))
            self._loop.resume_trade(trade)
        keep = self._journal.commit([self._loop.saving(late, "late order", now)])
        return self.links.pipe(keep, then=partial(LateJoined, late), exclusive=pair)

    def _ended(self, owned: Trade) -> Trade | None:
        """The trade that these orders are of, if it has ended; one that is at work reads them by itself."""
        key = next(iter(self._owners([owned]).values()), None)
        trade = None if key is None else self.book.trades.get(key) or self._journal.trade(key)
        return trade if trade is not None and trade.label in OVER else None

    @handles(LateJoined)
    def late_joined(self, message: LateJoined) -> None:
        message.outcome.unwrap()
        self._loop.assign(message.trade)
        self._loop.hurry(message.trade)

    def _adoption(self, trade: Trade) -> Adoption:
        """A trade that bought something today counts for the day."""
        now = self.links.clock.market_ms()
        today = bought(trade) > 0 and trade.intent.created_at >= now - now % DAY_MS
        return trade, (self._day.executing(trade.intent.id, now),) if today else ()

    @handles(Adopted)
    def take_over(self, message: Adopted) -> tuple[Trade, ...]:
        trades = message.outcome.unwrap()
        for trade in trades:
            self._loop.resume_trade(trade)
            self._loop.drive(trade.intent.symbol)
        self._show()
        return trades


Adoption = tuple[Trade, tuple[Change, ...]]
"""A trade to store, and the changes that belong into the same commit."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a search needs: ports, and what is known of this daemon."""

    exchange: Exchange
    ask: Ask
    clock: Clock
    snapshot: Callable[[], TradingSnapshot]
    instance: str
    boot_ms: int
    rules: LifecycleSettings


async def reconciled(search: Search, pairs: Collection[str], *, everywhere: bool) -> None:
    """Reconcile, then check every trade that was loaded at the start."""
    await settled(search, everywhere=everywhere)
    await asyncio.gather(*(search.ask(CheckEntries(pair), timeout=LOOKUP_SECONDS) for pair in pairs))


async def settled(search: Search, *, everywhere: bool) -> tuple[Trade, ...]:
    """Search, for as long as the exchange takes, and adopt what was found.

    `everywhere`: read every symbol with a balance or an open order, not only those with a strange order of ours.
    """
    found = await searched(search, everywhere=everywhere)
    return await search.ask(Settle(found), timeout=REQUEST_SECONDS)


async def searched(search: Search, *, everywhere: bool) -> Found:
    reads = search.exchange.open_everywhere(), search.exchange.account(search.rules.poll)
    open_orders, account = await asyncio.gather(*reads)
    known = {cid for trade in search.snapshot().trades for leg in trade.legs for cid in leg.cids}
    strange = {
        symbol
        for symbol, orders in open_orders.known.items()
        if any(ours(order.cid) and order.cid not in known for order in orders)
    }
    held = {asset + QUOTE for asset, balance in account.balances.items() if asset != QUOTE and balance.total > 0}
    unread = open_orders.unreadable | {asset + QUOTE for asset in account.unreadable}
    wanted = unread | (held | set(open_orders.known) if everywhere else strange | set(search.snapshot().unsearched))
    turn = asyncio.Semaphore(LOOKS_AT_ONCE)
    results = await asyncio.gather(*(found_in(search, symbol, turn) for symbol in sorted(wanted)))
    return Found(*(tuple(chain.from_iterable(parts)) for parts in zip(Found(), *results, strict=True)))


async def found_in(search: Search, symbol: str, turn: asyncio.Semaphore) -> Found:
    """What one symbol holds that the journal does not know."""
    async with turn:
        try:
            view = await search.exchange.look(everything(symbol, search.clock.market_ms() - WEEK_MS))
        except SymbolNotFound:
            return Found()  # no market against the quote currency
        except OpentraderError as error:
            return Found(failed=((symbol, error.detail),))
    if not view.complete:
        return Found(failed=((symbol, f"no answer for {', '.join(sorted(view.failed))}"),))
    result = rebuilt(view, search.instance, search.boot_ms, search.snapshot().trades, search.rules)
    return Found(result.trades, result.over, (view.filters,), result.strangers)


async def adopted(ask: Ask, clock: Clock, found: Found, strangers: Sequence[str]) -> tuple[Trade, ...]:
    """Adopt the trades found, and what is new of others."""
    if strangers:
        await halted_by(ask, clock, f"a second daemon trades on this account: {', '.join(strangers)}")
    trades = await ask(Adopt(found.trades), timeout=LOOKUP_SECONDS) if found.trades else ()
    filters = {known.symbol: known for known in found.filters}
    late = (JoinLate(trade, filters[trade.intent.symbol]) for trade in (*found.trades, *found.over))
    await asyncio.gather(*(ask(message, timeout=LOOKUP_SECONDS) for message in late))
    return trades


async def recovered(search: Search, known: int) -> messages.TradesRecovered:
    """Raises `ExchangeError` if a symbol could not be read, after adopting the trades of the others."""
    trades = await settled(search, everywhere=True)
    if failed := search.snapshot().unsearched:
        raise ExchangeError(
            f"{', '.join(sorted(failed))} could not be read",
            hint="trades found in other symbols were adopted; retry for these",
        )
    now, marks = search.clock.market_ms(), search.snapshot().marks
    replies = tuple(trade_reply(x, marks.get(x.intent.symbol), now) for x in trades if x.intent.kind == "market")
    return messages.TradesRecovered(recovered=len(trades), skipped=known, trades=replies)


async def stored(journal: Journal, adoptions: Sequence[Adoption], now: int) -> tuple[Trade, ...]:
    """Each in its own commit: one failure does not affect the others."""
    kept = list[Trade]()
    for trade, also in adoptions:
        try:
            await journal.save(trade, "recovered", now, also=also)
        except Exception:
            logger.exception("trade %s, %s: could not be adopted", trade.intent.id, trade.intent.symbol)
        else:
            kept.append(trade)
    return tuple(kept)

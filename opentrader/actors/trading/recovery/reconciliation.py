"""Reconciliation: finds our trades at the exchange that the journal does not know, and other daemons on the account.

It runs at the start, before any entry is allowed, and every 30 seconds from then on. At the start it reads every symbol
that has a balance or open orders. Later it reads the open orders and balances of the account, and only those symbols
that have an order of ours that no trade explains; normally that is two calls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message, Tick
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.account import TradeUpkeep
from opentrader.actors.trading.lifecycle_loop import CheckEntries
from opentrader.actors.trading.replies.presenter import bought, trade_reply
from opentrader.actors.trading.venue_calls import read
from opentrader.domain.symbols import QUOTE
from opentrader.domain.time_limits import LOOKUP_SECONDS
from opentrader.domain.timeframes import DAY_MS, WEEK_MS
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.lifecycle import LifecycleSettings, Trade, rebuilt
from opentrader.domain.trading.lifecycle.ids import ours
from opentrader.domain.trading.ports import Records
from opentrader.domain.trading.venue import Watch
from opentrader.errors import ExchangeError, OpentraderError, SymbolNotFound

logger = logging.getLogger(__name__)

RECONCILE_SECONDS = 30.0
RETRY_SECONDS = 5.0  # until the first one has succeeded


@dataclass(frozen=True, slots=True)
class Reconcile(Message[tuple[Trade, ...]]):
    """Find our trades at the exchange that the journal does not know, and adopt them; replies with them."""

    owner = "position_manager"


@dataclass(frozen=True, slots=True)
class Reconciled(Message[None]):
    outcome: Outcome[Any]


@dataclass(frozen=True, slots=True)
class Adopt(Message[tuple[Trade, ...]]):
    """Adopt trades that were rebuilt from the exchange, unless they are already known."""

    owner = "position_manager"
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True)
class Adopted(Message[tuple[Trade, ...]]):
    outcome: Outcome[tuple[Trade, ...]]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The result of one reconciliation. `failed`: symbols that could not be read."""

    trades: tuple[Trade, ...]
    strangers: tuple[str, ...]
    failed: tuple[str, ...]


class TradeRecovery(TradeUpkeep):
    def __init__(
        self, context: Context, exchange: Exchange, records: Records, *, rules: LifecycleSettings, instance: str
    ) -> None:
        super().__init__(context, exchange, records, rules=rules, instance=instance)
        self._boot_ms = context.clock.market_ms()
        self._reconciling, self._reconciled_at = False, 0.0
        self._strangers: frozenset[str] = frozenset()  # already reported

    def halting(self, reason: str) -> Coroutine[Any, Any, None]:
        """Block entries until an operator resumes."""
        raise NotImplementedError

    def opened(self) -> None:
        """Called once everything is reconciled: entries are allowed from now on."""
        raise NotImplementedError

    # --- reconciliation

    @handles(Tick)
    def on_tick(self, message: Tick) -> None:
        super().on_tick(message)
        pause = RECONCILE_SECONDS if self._snapshot.reconciled else RETRY_SECONDS
        if (
            self._snapshot.account is not None
            and not self._reconciling
            and abs(message.at - self._reconciled_at) >= pause
        ):
            self._reconciled_at = message.at
            self.start_reconciliation()

    def start_reconciliation(self) -> Reply[None] | None:
        """Start a reconciliation, unless one is in progress."""
        if self._reconciling:
            return None
        self._reconciling = True
        pairs = sorted({self.book.trades[key].intent.symbol for key in self.book.unread if key in self.book.trades})
        return self.pipe(self._reconciled(pairs, everywhere=not self._snapshot.reconciled), then=Reconciled)

    async def _reconciled(self, pairs: Collection[str], *, everywhere: bool) -> None:
        """Reconcile, then check every trade that was loaded at the start."""
        await self.reconcile_now(everywhere=everywhere)
        await asyncio.gather(*(self.context.ask(CheckEntries(pair), timeout=LOOKUP_SECONDS) for pair in pairs))

    @handles(Reconciled)
    def reconciled(self, message: Reconciled) -> None:
        self._reconciling = False
        self.book.unread &= self.book.trades.keys()
        if not isinstance(message.outcome, Done):
            logger.warning("reconciliation failed, retrying: %s", message.outcome.error.detail)
        elif not self._snapshot.reconciled and not self.book.unread:
            self._snapshot = replace(self._snapshot, reconciled=True)
            self.show()
            self.opened()

    async def reconcile_now(self, *, everywhere: bool) -> tuple[Trade, ...]:
        """Adopt the trades found. Raises `ExchangeError` if a symbol could not be read, after adopting the others."""
        found = await self._search(everywhere=everywhere)
        if new := set(found.strangers) - self._strangers - self._journal.owners(found.strangers).keys():
            self._strangers |= new
            await self.halting(f"a second daemon trades on this account: {', '.join(sorted(new))}")
        adopted = await self.context.ask(Adopt(found.trades), timeout=LOOKUP_SECONDS) if found.trades else ()
        if found.failed:
            raise ExchangeError(
                f"{', '.join(found.failed)} could not be read",
                hint="trades found in other symbols were adopted; retry for these",
            )
        return adopted

    async def _search(self, *, everywhere: bool) -> Reconciliation:
        open_orders, balances = await self._exchange.open_everywhere(), await self._exchange.balances()
        known = {cid for trade in self._snapshot.trades for leg in trade.legs for cid in leg.cids}
        strange = {
            symbol
            for symbol, orders in open_orders.items()
            if any(ours(order.cid) and order.cid not in known for order in orders)
        }
        held = {asset + QUOTE for asset, balance in balances.items() if asset != QUOTE and balance.total > 0}
        found, strangers, failed = list[Trade](), list[str](), list[str]()
        for symbol in sorted(held | set(open_orders) if everywhere else strange):
            try:
                view = await read(self._exchange, Watch(symbol, since=self.context.clock.market_ms() - WEEK_MS))
            except SymbolNotFound:
                continue  # no market against the quote currency
            except OpentraderError:
                failed.append(symbol)
                continue
            if view.history is None or not view.readable:
                failed.append(symbol)
                continue
            result = rebuilt(view, self._instance, self._boot_ms, self._snapshot.trades, self._rules)
            found += result.trades
            strangers += result.strangers
        return Reconciliation(tuple(found), tuple(strangers), tuple(failed))

    # --- adopted trades

    @handles(messages.RecoverTrades)
    def recover(self, message: messages.RecoverTrades) -> Reply[Any]:
        return self.answered(self._recovered(len(self._snapshot.open_trades()) + len(self._snapshot.pending())))

    async def _recovered(self, known: int) -> messages.TradesRecovered:
        adopted, now = await self.reconcile_now(everywhere=True), self.context.clock.market_ms()
        trades = tuple(
            trade_reply(x, self.book.marks.get(x.intent.symbol), now) for x in adopted if x.intent.kind == "market"
        )
        return messages.TradesRecovered(recovered=len(adopted), skipped=known, trades=trades)

    @handles(Reconcile)
    def reconcile(self, message: Reconcile) -> Reply[Any]:
        return self.answered(self.reconcile_now(everywhere=True))

    @handles(Adopt)
    def adopt(self, message: Adopt) -> Any:
        """Adopt trades whose orders belong to no journaled trade; watch a closed trade again that has an open order."""
        owners = self._journal.owners(cid for x in message.trades for leg in x.legs for cid in leg.cids if cid)
        tails, new = {key[-8:] for key in self.book.trades}, list[Trade]()
        for trade in message.trades:
            owner = next((owners[cid] for leg in trade.legs for cid in leg.cids if cid in owners), None)
            if owner is None and trade.intent.id[-8:] not in tails:
                new.append(trade)
            elif owner is not None and owner not in self.book.trades and any(leg.open for leg in trade.legs):
                self._watch_again(owner)
        return self.pipe(self._store_adopted(new), then=Adopted, exclusive="adopt")

    def _watch_again(self, key: str) -> None:
        """An order of a closed trade is open: the next check of the trade cancels it."""
        trade = self._journal.trade(key)
        assert trade is not None, "it owns client order ids"
        logger.warning(
            "trade %s, %s: closed, but one of its orders is still open; canceling it", key, trade.intent.symbol
        )
        self.book.rows.setdefault(key, None)
        self.resume_trade(trade)

    async def _store_adopted(self, trades: list[Trade]) -> tuple[Trade, ...]:
        """Each in its own commit: one failure does not affect the others."""
        stored = list[Trade]()
        for trade in trades:
            now = self.context.clock.market_ms()
            today = bought(trade) > 0 and trade.intent.created_at >= now - now % DAY_MS
            also = (self._day.executing(trade.intent.id, now),) if today else ()
            try:
                await self._journal.save(trade, "recovered", now, also=also)
            except Exception:
                logger.exception("trade %s, %s: could not be adopted", trade.intent.id, trade.intent.symbol)
            else:
                stored.append(trade)
        return tuple(stored)

    @handles(Adopted)
    def adopted(self, message: Adopted) -> tuple[Trade, ...]:
        trades = message.outcome.unwrap()
        for trade in trades:
            self.resume_trade(trade)
            self.drive(trade.intent.symbol)
        self.show()
        return trades

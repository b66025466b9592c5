"""Entries on their way: quoted, planned, sent, and answered once the outcome is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.commands.closing import Closing
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.entry.intents import (
    Quote,
    demand_fresh,
    demand_slots,
    demand_traded,
    limit_intent,
    market_intent,
    quoted,
)
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.reading.account import AccountReader
from opentrader.actors.trading.replies.outcomes import entered, never_sent
from opentrader.actors.trading.replies.presenter import bought, entry_leg, is_entering, is_pending
from opentrader.actors.trading.replies.snapshot import is_busy
from opentrader.actors.trading.steps import Sending
from opentrader.actors.trading.waiters import Tell, telling, until
from opentrader.domain.time_limits import ENTRY_SECONDS, REQUEST_SECONDS
from opentrader.domain.trading.lifecycle import Intent, Trade, planned
from opentrader.domain.trading.looks import VenueView
from opentrader.domain.trading.risk import Day, Risk, demand_room
from opentrader.errors import (
    AskTimeout,
    NoPosition,
    NotReady,
    OpentraderError,
    PendingEntryExists,
    RiskLimit,
    TradeExists,
    TradingHalted,
)

QUOTE_MS = 60_000  # maximum age of the price that an entry is computed from
PRICE_MS = 1_500  # an entry that has waited longer for its turn is priced anew
YOUNG_MS = 10_000  # an account that was read this long ago is not read again for an entry; the gate allows 15 s
TOO_LATE = "a halt or a closeall came while it was being committed"

Entry = messages.ExecuteTrade | messages.PlaceManual
Outcomes = messages.TradeOpened | messages.ManualPlaced | messages.TradeSold


@dataclass(frozen=True, slots=True)
class PlanEntry(Message[Outcomes]):
    """Make an intent of a request that was quoted; waits for what holds the symbol."""

    owner = "position_manager"
    own = True
    id: str  # of the intent
    request: Entry
    epoch: int  # of the control when the request came
    at: int  # when it came
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class Planned(Message[Outcomes]):
    """An intent is durable: it will be executed, or its failure will be known."""

    trade: Trade
    order: Sending | None
    epoch: int
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class Entered(Message[Outcomes]):
    outcome: Outcome[Trade]


class Entries(TradingPart):
    """Turns requests into intents, and answers when their outcome is known.

    `barred` tells why no entry of a pair may be opened now, `cools_down` whether it was stopped out a short while ago,
    `epoch` how many halts and closealls there were so far.
    """

    def __init__(
        self,
        desk: Desk,
        loop: LifecycleLoop,
        closing: Closing,
        account: AccountReader,
        *,
        barred: Callable[[str], OpentraderError | None],
        cools_down: Callable[[str], bool],
        epoch: Callable[[], int],
        risk: Risk,
        speed: float,
    ) -> None:
        super().__init__(desk)
        self._loop, self._closing, self._account = loop, closing, account
        self._barred, self._cools_down, self._epoch = barred, cools_down, epoch
        self._risk, self._speed = risk, max(1.0, speed)
        self._quote_ms = QUOTE_MS * self._speed

    @handles(messages.ExecuteTrade)
    def execute(self, message: messages.ExecuteTrade) -> Reply[messages.TradeOpened | messages.TradeSold]:
        if message.direction == "sell":
            return self._closing.sell(message)
        self._demand_entry(message)
        return self._quote(message)

    @handles(messages.PlaceManual)
    def place(self, message: messages.PlaceManual) -> Reply[messages.ManualPlaced]:
        if message.direction == "sell":
            raise NoPosition(
                "a manual entry can only buy on a spot exchange", hint="POST /api/close sells an open position"
            )
        self._demand_entry(message)
        return self._quote(message)

    def _quote(self, message: Entry) -> Reply[Any]:
        known, now = self._account.reading, self.links.clock.market_ms()
        young = (
            known is not None
            and not known.unreadable
            and known.at > max(self.book.wrote_at, now - YOUNG_MS * self._speed)
        )
        asked = quoted(self._exchange, message.symbol, known, young=young, max_age=self._rules.shared_age)
        key = self.links.ids.new()
        work = planned_by(self.links.ask, asked, PlanEntry(key, message, self._epoch(), now))
        return self.links.pipe(work, facts={"intent_id": key})

    @handles(PlanEntry)
    def plan(self, message: PlanEntry) -> Reply[Outcomes]:
        """Size the entry and commit the intent: from here on it is executed, even if the caller is gone.

        The checks before the quote are repeated, because other entries may have been planned in the meantime.
        """
        request, quote = message.request, message.quote
        assert quote is not None, "it is planned once it was quoted"
        now = self.links.clock.market_ms()
        self.book.quoted(request.symbol, quote.filters, quote.last)
        if message.epoch != self._epoch():
            raise TradingHalted(
                f"a halt or a closeall came while the entry of {request.symbol} was being quoted",
                hint="nothing was sent; request it again if it is still wanted",
            )
        self._account.take(quote.account)
        self._demand_entry(request)
        demand_traded(quote)
        intent = self._intent(message.id, request, quote, message.at)
        demand_fresh(quote, now, self._quote_ms)
        demand_slots(quote, self._exits_to_come(intent.symbol))
        trade, order = self._loop.first(planned(intent), self._seen(quote, message.at, now))
        self.book.planned[intent.id] = trade
        who = {"agent": intent.agent, "bot": intent.bot}
        bind = self._commands.binding(request.idem_key, intent.id)
        keep = self._journal.save(trade, "accepted", now, facts=who, also=(bind,), vital=False)
        then, facts = partial(Planned, trade, order, message.epoch), {"intent_id": intent.id}
        return self.links.pipe(keep, then=then, exclusive=intent.symbol, facts=facts)

    def _seen(self, quote: Quote, asked_at: int, now: int) -> VenueView:
        """What a quote still shows when its turn has come; the loop reads the rest anew before it sends the entry."""
        view = quote.view(now)
        if quote.account.at <= self.book.wrote_at:
            view = replace(view, balance=None)
        return replace(view, last=None) if now - asked_at > PRICE_MS * self._speed else view

    def _intent(self, key: str, request: Entry, quote: Quote, now: int) -> Intent:
        instance = self._instance
        if isinstance(request, messages.ExecuteTrade):
            return market_intent(request, quote, self._risk, now=now, key=key, instance=instance)
        return limit_intent(request, quote, self._risk, now=now, key=key, instance=instance)

    @handles(Planned)
    def carry_out(self, message: Planned) -> Reply[Outcomes]:
        """Send the entry, unless a halt or a closeall came while its intent was being committed."""
        trade = self.book.planned.pop(message.trade.intent.id)
        message.outcome.unwrap()
        self._loop.assign(trade)
        epoch = message.epoch
        self._loop.enter(trade, message.order, lambda: "" if epoch == self._epoch() else TOO_LATE)
        return self._await(trade)

    def outcome(self, id: str) -> Reply[Any] | None:
        """What became of an intent; None if it was never sent, so that its request can be made again."""
        trade = self._journal.trade(id)
        return None if trade is None or never_sent(trade) else self._await(trade)

    def _await(self, trade: Trade) -> Reply[Outcomes]:
        waiting = until_entered(self.links.tell, trade, self._settled_entry(trade))
        return self.links.pipe(waiting, then=Entered, facts={"intent_id": trade.intent.id})

    @handles(Entered)
    def entered(self, message: Entered) -> Outcomes:
        trade, now = message.outcome.unwrap(), self.links.clock.market_ms()
        pair, key = trade.intent.symbol, trade.intent.id
        rows = self._history.of((key,)) if self.book.has_ended(key) else ()
        return entered(trade, next(iter(rows), None), self.book.least(trade), self.book.marks.get(pair), now)

    def _settled_entry(self, trade: Trade) -> Callable[[], Trade | None]:
        """Returns the trade once its entry rests, is protected, or has failed; for the actor's thread."""
        key, last = trade.intent.id, trade

        def settled() -> Trade | None:
            nonlocal last
            if key in self.book.unsaved:
                return None  # what the venue has answered is not durable yet
            last = self.book.trades.get(key, last)
            known = last.label in {"PROTECTED", "QUARANTINE"} or self._rests(last)
            return last if known or self.book.has_ended(key) else None

        return settled

    def _rests(self, trade: Trade) -> bool:
        leg = entry_leg(trade)
        return trade.intent.kind == "limit" and leg is not None and leg.state == "OPEN"

    # --- what bars an entry

    def _demand_entry(self, request: Entry) -> None:
        """Raise the first error that blocks an entry, in the order of the API."""
        if (barred := self._barred(request.symbol)) is not None:
            raise barred
        if self.book.is_unread(request.symbol):
            raise NotReady(
                f"the trades in {request.symbol} have not been read since the start",
                hint="the daemon goes on trying; other symbols are open for entries",
            )
        if isinstance(request, messages.PlaceManual):
            self._demand_new_price(request)
        elif is_busy(self._snapshot(), request.symbol) or self._is_planned(request.symbol):
            raise TradeExists(f"a trade in {request.symbol} is already open or being opened", hint="close it first")
        self._demand_room(counts=isinstance(request, messages.ExecuteTrade))
        if self._cools_down(request.symbol):
            raise RiskLimit(
                f"{request.symbol} was stopped out recently", hint="the cooldown ends by itself; retry later"
            )

    def _is_planned(self, pair: str) -> bool:
        return any(x.intent.symbol == pair and x.intent.kind == "market" for x in self.book.planned.values())

    def _demand_new_price(self, request: messages.PlaceManual) -> None:
        """Allow one manual entry per symbol and price (after rounding) until its trade is closed."""
        filters = self.book.filters.get(request.symbol)
        if filters is None:
            return  # checked again once the tick size is known
        px = filters.limit_price("buy", Decimal(str(request.entry_px)))
        for trade in self.book.known():
            same = trade.intent.kind == "limit" and (trade.intent.symbol, trade.intent.px) == (request.symbol, px)
            if same and (is_pending(trade) or self._snapshot().is_open(trade)):
                what = "is already pending" if is_pending(trade) else "was filled, and its trade is open"
                raise PendingEntryExists(
                    f"an entry of {request.symbol} at {px:f} {what}",
                    hint="use another price to add a ladder level",
                )

    def _demand_room(self, *, counts: bool) -> None:
        seen, known = self._snapshot(), self.book.known()
        assert seen.account is not None, "the gate is open"
        entering = [x for x in known if is_entering(x) and not bought(x)]
        waiting = [x for x in known if is_pending(x)]
        day = Day(seen.trades_today + len(entering), self.book.pnl_today(self.links.clock.market_ms()))
        taken = len(seen.open_trades()) + len(entering) + len(waiting)
        demand_room(taken, day, seen.account.equity, self._risk, counts=counts)

    def _exits_to_come(self, pair: str) -> int:
        """How many order lists the entries in flight of a symbol will still need."""
        known = self.book.known()
        return sum(x.intent.symbol == pair and (is_pending(x) or is_entering(x)) for x in known)


async def planned_by(ask: Ask, asked: Awaitable[Quote], plan: PlanEntry) -> Outcomes:
    return await ask(replace(plan, quote=await asked), timeout=REQUEST_SECONDS)


async def until_entered(tell: Tell, trade: Trade, settled: Callable[[], Trade | None]) -> Trade:
    """The trade once `settled` returns it."""
    try:
        with telling({"intent_id": trade.intent.id}):
            async with asyncio.timeout(ENTRY_SECONDS):
                return await until(tell, frozenset({trade.intent.id}), settled)
    except TimeoutError:
        raise AskTimeout(
            f"the entry of {trade.intent.symbol} was not completed within {ENTRY_SECONDS:.0f} s",
            hint="it continues: see GET /api/trades, or repeat the request with the same Idempotency-Key",
            intent_id=trade.intent.id,
        ) from None

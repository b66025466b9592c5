"""Moving the stop and the target of a trade. A command: see `marking`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.commands.marking import begun
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.replies.presenter import trade_reply
from opentrader.actors.trading.waiters import Tell, telling, until
from opentrader.domain.time_limits import CLOSE_SECONDS, REQUEST_SECONDS
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import Command
from opentrader.domain.trading.lifecycle import LifecycleSettings, Trade, move
from opentrader.domain.trading.lifecycle.placing import stop_limit
from opentrader.domain.trading.order_rules import failed_filter
from opentrader.domain.trading.venue import Filters
from opentrader.errors import AskTimeout, Fault, InvalidInput, NotInThisState, OrderRejected, PositionNotFound

MOVE_SENDS = 2  # of a trade's exits and closes a minute: the new exit, and the old one if that is refused
CLOSE_SENDS = 2  # that a close can need besides

Market = tuple[Filters, Decimal]
"""The rules of a market, and its last price."""


@dataclass(frozen=True, slots=True)
class AskedLevels:
    """The levels that a trade shall have, each on a tick."""

    sl: Decimal
    tp: Decimal


@dataclass(frozen=True, slots=True)
class MoveWithin(Message[messages.LevelsMoved]):
    """Move levels in a market as it was just read; nothing of the symbol waits for that read."""

    owner = "position_manager"
    own = True
    request: messages.MoveLevels
    market: Market

    @property
    def pair(self) -> str:
        return self.market[0].symbol


@dataclass(frozen=True, slots=True)
class MoveJournaled(Message[messages.LevelsMoved]):
    command: Command
    trade: Trade
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class Moved(Message[messages.LevelsMoved]):
    """The levels are placed, or given up."""

    command: Command
    outcome: Outcome[Trade]


class LevelMoves(TradingPart):
    """Moves levels."""

    def __init__(self, desk: Desk, loop: LifecycleLoop) -> None:
        super().__init__(desk)
        self._loop = loop

    @handles(messages.MoveLevels)
    def move(self, message: messages.MoveLevels) -> Reply[messages.LevelsMoved]:
        pair = self._movable(message.id).intent.symbol
        return self.links.pipe(moved_within(self.links.ask, market_of(self._exchange, pair), message))

    @handles(MoveWithin)
    def move_within(self, message: MoveWithin) -> Reply[messages.LevelsMoved]:
        """The checks before the read are repeated: a close may have come first."""
        request, (filters, last) = message.request, message.market
        trade, now = self._movable(request.id), self.links.clock.market_ms()
        asked = levels_of(request, trade, filters)
        demand_between(asked, trade, last, self._rules)
        demand_filters(asked, trade, last, filters, self._rules)
        demand_room(trade, now, self._rules)
        pair = trade.intent.symbol
        command = Command(
            id=self.links.ids.new(),
            kind="levels",
            symbol=pair,
            agent=request.agent,
            idem_key=request.idem_key,
            trades=(request.id,),
            at_ms=now,
        )
        moved = move(trade, asked.sl, asked.tp, by=command.id)
        save = self._loop.saving(moved, "levels asked", now)
        keep = self._journal.commit([self._commands.journaling(command), save], vital=False)
        return self.links.pipe(keep, then=partial(MoveJournaled, command, moved), exclusive=pair, facts=begun(command))

    @handles(MoveJournaled)
    def move_journaled(self, message: MoveJournaled) -> Reply[messages.LevelsMoved]:
        message.outcome.unwrap()
        self._loop.assign(message.trade)
        self._loop.hurry(message.trade)
        return self.answer(message.command)

    def answer(self, command: Command) -> Reply[Any]:
        """The reply to a command, whenever it is asked for: what became of the levels that it asked for."""
        waiting = until_moved(self.links.tell, command, self._settled(command))
        return self.links.pipe(waiting, then=partial(Moved, command), facts=begun(command))

    @handles(Moved)
    def moved(self, message: Moved) -> messages.LevelsMoved:
        trade, command = message.outcome.unwrap(), message.command
        result = result_of(trade, command)
        if result in {"kept", "closed"} and trade.label == "QUARANTINE":
            raise NotInThisState(
                f"trade {trade.intent.id} in {command.symbol} is in quarantine, its levels were not moved",
                hint="GET /api/trades shows the state",
                **begun(command),
            )
        mark, now = self.book.marks.get(command.symbol), self.links.clock.market_ms()
        over = self.book.has_ended(trade.intent.id)
        return messages.LevelsMoved(
            status=result,
            trade=None if over else trade_reply(trade, mark, now),
            intent_id=command.id,
        )

    def _settled(self, command: Command) -> Callable[[], Trade | None]:
        """Returns the trade once its levels are placed, or given up; for the actor's thread."""
        key = command.trades[0]

        def settled() -> Trade | None:
            trade = self.book.trades.get(key) or self._journal.trade(key)
            assert trade is not None, "a command is about trades of the journal"
            waits = trade.move == "asked" and trade.move_id == command.id and not trade.close_reason
            return None if waits and not self.book.has_ended(key) else trade

        return settled

    def _movable(self, key: str) -> Trade:
        """Raises `PositionNotFound`, or `NotInThisState` for a trade that no exit protects, or a busy one."""
        trade = self.book.trades.get(key)
        if trade is None and self._journal.trade(key) is None:
            raise PositionNotFound(f"there is no trade {key}", hint="GET /api/trades lists open positions")
        if trade is None or self.book.has_ended(key):
            raise NotInThisState(f"trade {key} has ended", hint="GET /api/trades/history shows how")
        if trade.move == "asked" and not trade.close_reason:
            raise NotInThisState(
                f"the levels of trade {key} in {trade.intent.symbol} are being moved already",
                hint="GET /api/trades shows when it is protected again",
            )
        if trade.label != "PROTECTED" or trade.close_reason:
            state = "being closed" if trade.close_reason else trade.label.lower()
            raise NotInThisState(
                f"trade {key} in {trade.intent.symbol} is {state}; only the levels of a protected trade can be moved",
                hint="GET /api/trades and GET /api/pending-entries show the state",
            )
        return trade


def result_of(trade: Trade, command: Command) -> messages.MoveResult:
    """What became of a move that is settled; a trade only tells the outcome of its last one."""
    if trade.move_id != command.id:
        return "replaced"
    return "moved" if trade.move == "done" else "kept" if trade.move == "kept" else "closed"


def demand_room(trade: Trade, now: int, rules: LifecycleSettings) -> None:
    """Raise `NotInThisState` where a move could use up the exits and closes that a close of this minute needs."""
    lately = sorted(at for at in trade.sends if now - at < rules.budget_window)
    too_many = len(lately) + MOVE_SENDS + CLOSE_SENDS - rules.budget
    if too_many > 0:
        wait = lately[too_many - 1] + rules.budget_window - now
        raise NotInThisState(
            f"{len(lately)} exits of trade {trade.intent.id} were sent within a minute, and a close has to find room",
            hint=f"its levels can be moved again in {wait / rules.budget_window * 60:.0f} s",
        )


async def market_of(exchange: Exchange, pair: str) -> Market:
    filters, ticker = await asyncio.gather(exchange.filters(pair), exchange.ticker(pair))
    return filters, ticker.last


async def moved_within(ask: Ask, market: Awaitable[Market], request: messages.MoveLevels) -> messages.LevelsMoved:
    return await ask(MoveWithin(request, await market), timeout=REQUEST_SECONDS)


async def until_moved(tell: Tell, command: Command, settled: Callable[[], Trade | None]) -> Trade:
    try:
        with telling(begun(command)):
            async with asyncio.timeout(CLOSE_SECONDS):
                return await until(tell, frozenset(command.trades), settled)
    except TimeoutError:
        raise AskTimeout(
            f"the levels of {command.symbol} were not moved within {CLOSE_SECONDS:g} s",
            hint="it goes on; see GET /api/trades",
            **begun(command),
        ) from None


def levels_of(request: messages.MoveLevels, trade: Trade, filters: Filters) -> AskedLevels:
    """What is not asked for stays as it is."""
    sl, tp = trade.sl, trade.tp
    if request.sl_px is not None:
        sl = filters.price(Decimal(str(request.sl_px)))
    if request.tp_px is not None:
        tp = filters.limit_price("sell", Decimal(str(request.tp_px)))
    return AskedLevels(sl, tp)


def demand_between(asked: AskedLevels, trade: Trade, last: Decimal, rules: LifecycleSettings) -> None:
    """Raise `InvalidInput` for a stop below the first one, and for a level that is too close to the price."""
    first, faults = trade.intent.sl, list[Fault]()
    highest, lowest = last / (1 + rules.stop_gap), last / (1 - rules.stop_gap)
    if not first <= asked.sl < highest:
        text = f"should lie between the first stop {first:f} and {highest:.8g}, a little below the price {last:f}"
        faults.append(Fault(("query", "sl_px"), text, "value_error", input=float(asked.sl)))
    if asked.tp <= lowest:
        text = f"should be above {lowest:.8g}, a little above the price {last:f}"
        faults.append(Fault(("query", "tp_px"), text, "value_error", input=float(asked.tp)))
    if faults:
        raise InvalidInput(faults)


def demand_filters(asked: AskedLevels, trade: Trade, last: Decimal, filters: Filters, rules: LifecycleSettings) -> None:
    """Raise `OrderRejected` where the exchange would refuse the new exit of what is held."""
    qty, limit = filters.floor(trade.net), stop_limit(filters, asked.sl, rules.limit_offset)
    failed = failed_filter(filters, "sell", qty, last, px=limit, stop_px=asked.sl)
    if qty * asked.sl < rules.notional_margin * filters.min_notional:
        failed = failed or "NOTIONAL"
    _demand(trade, "stop", asked.sl, failed)
    if filters.lists:
        _demand(trade, "target", asked.tp, failed_filter(filters, "sell", qty, last, px=asked.tp))


def _demand(trade: Trade, what: str, level: Decimal, failed: str) -> None:
    if failed:
        raise OrderRejected(
            f"the exchange would reject the {what} of {trade.intent.symbol} at {level:f}: {failed}",
            hint="nothing was sent, the levels stay as they are",
        )

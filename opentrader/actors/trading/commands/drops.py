"""Giving up a trade that cannot be sold. A command: see `marking`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.commands.marking import begun, settled_in, until_all_ended
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.replies.outcomes import closed_trade_reply
from opentrader.domain.trading.ledger import Command
from opentrader.domain.trading.lifecycle import Trade, drop
from opentrader.errors import NotInThisState, PositionNotFound


@dataclass(frozen=True, slots=True)
class DropJournaled(Message[messages.TradeDropped]):
    command: Command
    trade: Trade
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class Dropped(Message[messages.TradeDropped]):
    """The trade is booked."""

    command: Command
    outcome: Outcome[None]


class Drops(TradingPart):
    """Drops trades."""

    def __init__(self, desk: Desk, loop: LifecycleLoop) -> None:
        super().__init__(desk)
        self._loop = loop

    @handles(messages.DropTrade)
    def drop(self, message: messages.DropTrade) -> Reply[messages.TradeDropped]:
        trade, now = self._droppable(message.id), self.links.clock.market_ms()
        pair, dropped = trade.intent.symbol, drop(trade, now)
        command = Command(
            id=self.links.ids.new(),
            kind="drop",
            symbol=pair,
            agent=message.agent,
            idem_key=message.idem_key,
            trades=(message.id,),
            at_ms=now,
        )
        save = self._loop.saving(dropped, "drop asked", now)
        keep = self._journal.commit([self._commands.journaling(command), save])
        return self.links.pipe(
            keep, then=partial(DropJournaled, command, dropped), exclusive=pair, facts=begun(command)
        )

    @handles(DropJournaled)
    def drop_journaled(self, message: DropJournaled) -> Reply[messages.TradeDropped]:
        message.outcome.unwrap()
        self._loop.assign(message.trade)
        self._loop.hurry(message.trade)
        return self.answer(message.command)

    def answer(self, command: Command) -> Reply[Any]:
        """The reply to a command, whenever it is asked for."""
        waiting = until_all_ended(self.links.tell, command, partial(settled_in, self.book))
        return self.links.pipe(waiting, then=partial(Dropped, command), facts=begun(command))

    @handles(Dropped)
    def dropped(self, message: Dropped) -> messages.TradeDropped:
        message.outcome.unwrap()
        rows = map(closed_trade_reply, self._history.of(message.command.trades))
        return messages.TradeDropped(trade=next(rows, None), intent_id=message.command.id)

    def _droppable(self, key: str) -> Trade:
        """Raises `PositionNotFound`, or `NotInThisState` for a trade that can be looked after as any other."""
        trade = self.book.trades.get(key)
        if trade is None and self._journal.trade(key) is None:
            raise PositionNotFound(f"there is no trade {key}", hint="GET /api/trades lists open positions")
        if trade is None or self.book.has_ended(key):
            raise NotInThisState(f"trade {key} has ended", hint="GET /api/trades/history shows how")
        if trade.label != "QUARANTINE" and not self._is_unreadable(trade.intent.symbol):
            raise NotInThisState(
                f"trade {key} in {trade.intent.symbol} is {trade.label.lower()}, not in quarantine",
                hint="POST /api/close sells what it holds; DELETE /api/pending-entries/ID cancels a waiting entry",
            )
        return trade

    def _is_unreadable(self, pair: str) -> bool:
        """Whether a market could not be read for long: after a short failure of the line, its trades go on."""
        blind = self.book.blind.get(pair)
        return blind is not None and self.links.clock.market_ms() - blind.since >= self._rules.unseen_quarantine

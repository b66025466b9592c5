"""Closing the positions of one symbol, by a close or a sell. Each is a command: see `marking`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.commands.marking import Marked, Marking, begun, settled_in, until_all_ended
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.replies.outcomes import closed_trade_reply
from opentrader.domain.trading.ledger import Command
from opentrader.domain.trading.venue import Filters
from opentrader.errors import NoPosition, PositionNotFound


@dataclass(frozen=True, slots=True)
class MarketKnown(Message[messages.TradeSold]):
    """The market exists in which there is nothing to sell."""

    request: messages.ExecuteTrade
    outcome: Outcome[Filters]


@dataclass(frozen=True, slots=True)
class CloseJournaled(Message[messages.ClosedReply | messages.TradeSold]):
    command: Command
    marked: Marked
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class ClosedUp(Message[messages.ClosedReply | messages.TradeSold]):
    """The trades of a command have ended."""

    command: Command
    outcome: Outcome[None]


class Closing(TradingPart):
    """Closes the trades of one symbol."""

    def __init__(self, desk: Desk, marking: Marking) -> None:
        super().__init__(desk)
        self._marking = marking

    @handles(messages.ClosePosition)
    def close_position(self, message: messages.ClosePosition) -> Reply[messages.ClosedReply]:
        """Even without a position, the close is stored for an entry of unknown outcome, in case it was filled."""
        outcome = "accepted" if self._marking.holds(message.symbol) else PositionNotFound.code
        return self._close(self._marking.command("close", message, outcome))

    def sell(self, message: messages.ExecuteTrade) -> Reply[Any]:
        if self._marking.at_stake(message.symbol):
            return self._close(self._marking.command("sell", message))
        asked = self._exchange.filters(message.symbol)  # raises `SymbolNotFound`
        return self.links.pipe(asked, then=partial(MarketKnown, message), exclusive=message.symbol)

    @handles(MarketKnown)
    def sell_nothing(self, message: MarketKnown) -> Reply[messages.TradeSold]:
        message.outcome.unwrap()
        return self._close(self._marking.command("sell", message.request, NoPosition.code))

    def _close(self, command: Command) -> Reply[Any]:
        marked = self._marking.marked(command, command.symbol, command.trades)
        keep = self._journal.commit([self._commands.journaling(command), *self._marking.saving(marked)])
        return self.links.pipe(
            keep, then=partial(CloseJournaled, command, marked), exclusive=command.symbol, facts=begun(command)
        )

    @handles(CloseJournaled)
    def close_journaled(self, message: CloseJournaled) -> Reply[messages.ClosedReply | messages.TradeSold]:
        message.outcome.unwrap()
        self._marking.carry_out(message.marked)
        return self.answer(message.command)

    def answer(self, command: Command) -> Reply[Any]:
        """The reply to a command, whenever it is asked for: what became of the trades that it is about."""
        demand_accepted(command)
        waiting = until_all_ended(self.links.tell, command, partial(settled_in, self.book))
        return self.links.pipe(waiting, then=partial(ClosedUp, command), facts=begun(command))

    @handles(ClosedUp)
    def closed_up(self, message: ClosedUp) -> messages.ClosedReply | messages.TradeSold:
        message.outcome.unwrap()
        command = message.command
        rows = tuple(map(closed_trade_reply, self._history.of(command.trades)))
        if command.kind == "sell":
            now = self.links.clock.market_ms() // 1000
            return messages.TradeSold(closed=rows, agent=command.agent, timestamp=now, intent_id=command.id)
        return messages.ClosedReply(symbol=command.symbol, closed=rows, count=len(rows), intent_id=command.id)


def demand_accepted(command: Command) -> None:
    """Raise the error that a command was answered with when it was journaled."""
    pair = command.symbol
    if command.outcome == PositionNotFound.code:
        hint = "GET /api/trades lists open positions"
        raise PositionNotFound(f"there is no open position in {pair}", hint=hint, **begun(command))
    if command.outcome == NoPosition.code:
        hint = "on a spot exchange, sell closes a position"
        raise NoPosition(f"there is no open position in {pair} to sell", hint=hint, **begun(command))

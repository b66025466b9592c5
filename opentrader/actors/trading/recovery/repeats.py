"""The answer to a repeated request: what became of the intent or the command that the first one has begun."""

from __future__ import annotations

from dataclasses import dataclass

from opentrader.actors import messages
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.commands.closeall import CloseAlls
from opentrader.actors.trading.commands.closing import Closing
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.entry.entries import Entries, Outcomes

Told = Outcomes | messages.ClosedReply | messages.ClosedAll


@dataclass(frozen=True, slots=True)
class OutcomeOf(Message[Told | None]):
    """What the first request for this intent or command is told; None if the intent was never sent."""

    owner = "position_manager"
    id: str


class Repeats(TradingPart):
    """Finds what an id stands for in the journal, so that it does not matter which process began it, and when."""

    def __init__(self, desk: Desk, entries: Entries, closing: Closing, closealls: CloseAlls) -> None:
        super().__init__(desk)
        self._entries, self._closing, self._closealls = entries, closing, closealls

    @handles(OutcomeOf)
    def outcome_of(self, message: OutcomeOf) -> Reply[Told | None] | None:
        command = self._commands.command(message.id)
        if command is None:
            return self._entries.outcome(message.id)
        return self._closealls.answer(command) if command.closes_all else self._closing.answer(command)

"""The answer to a repeated request: what became of the intent or the command that the first one has begun."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.entry.entries import Entries, Outcomes
from opentrader.domain.trading.ledger import Command, CommandKind

Told = Outcomes | messages.ClosedReply | messages.ClosedAll | messages.TradeDropped | messages.LevelsMoved
Answer = Callable[[Command], Reply[Any]]


@dataclass(frozen=True, slots=True)
class OutcomeOf(Message[Told | None]):
    """What the first request for this intent or command is told; None if the intent was never sent."""

    owner = "position_manager"
    id: str


class Repeats(TradingPart):
    """Finds what an id stands for in the journal, so that it does not matter which process began it, and when."""

    def __init__(self, desk: Desk, entries: Entries, answers: Mapping[CommandKind, Answer]) -> None:
        """`answers`: how each kind of command is answered."""
        super().__init__(desk)
        self._entries, self._answers = entries, answers

    @handles(OutcomeOf)
    def outcome_of(self, message: OutcomeOf) -> Reply[Told | None] | None:
        command = self._commands.command(message.id)
        return self._entries.outcome(message.id) if command is None else self._answers[command.kind](command)

"""Owns the cards of the agents and the log of the board."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from opentrader.actors.messages import (
    AgentUpdated,
    ReportWork,
    UpdateAgent,
)
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.agents import AGENTS, LOG_LINES, NEVER, AgentCard, AgentName, LogLine
from opentrader.domain.ports import AgentStore
from opentrader.errors import AgentNotFound


@dataclass(frozen=True, slots=True)
class Board:
    """The published snapshot; the log is newest first."""

    cards: dict[AgentName, AgentCard]
    log: tuple[LogLine, ...]


@dataclass(frozen=True, slots=True)
class CardStored(Message[AgentUpdated]):
    """A card and its log line are durable."""

    name: AgentName
    board: Board
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class WorkStored(Message[None]):
    """A log line is durable, and the card of the caller if it has one."""

    board: Board
    outcome: Outcome[None]


class AgentBoard(Actor):
    def __init__(self, context: Context, store: AgentStore) -> None:
        super().__init__(context)
        self._store = store
        self._board = Board({}, ())

    def on_start(self) -> None:
        cards, log = self._store.load()
        self._assign(Board({name: cards.get(name, NEVER) for name in AGENTS}, tuple(log)))

    def exclusive_of(self, message: Message[Any]) -> str | None:
        return "board" if isinstance(message, UpdateAgent | ReportWork) else None

    @handles(UpdateAgent)
    def update(self, message: UpdateAgent) -> Reply[AgentUpdated]:
        name = known_agent(message.name.lower())
        action = self._board.cards[name].action if message.action is None else message.action
        card = AgentCard(message.status, action, int(self.context.clock.wall()))
        line, board = self._with(name, card)
        keep = self._store.keep(line, name, card)
        return self.pipe(keep, then=partial(CardStored, name, board), exclusive="board")

    @handles(ReportWork)
    def report(self, message: ReportWork) -> Reply[None]:
        """An unknown caller has no card, but gets a log line: a typo must not stop its work.

        Nobody waits for it, so that it need not cost a commit of its own beside those of the work.
        """
        card = AgentCard(message.status, message.action, int(self.context.clock.wall()))
        name: AgentName | None = known_agent(message.agent) if message.agent in AGENTS else None
        line, board = self._with(message.agent, card)
        keep = self._store.keep(line, name, card, patient=True)
        return self.pipe(keep, then=partial(WorkStored, board), exclusive="board")

    @handles(CardStored)
    def card_stored(self, message: CardStored) -> AgentUpdated:
        message.outcome.unwrap()
        self._assign(message.board)
        card = message.board.cards[message.name]
        return AgentUpdated(agent=message.name, status=card.status, action=card.action, ts=card.ts)

    @handles(WorkStored)
    def work_stored(self, message: WorkStored) -> None:
        message.outcome.unwrap()
        self._assign(message.board)

    def _with(self, caller: str, card: AgentCard) -> tuple[LogLine, Board]:
        """The log line of a card, and the board with both; only known agents have a card."""
        line = LogLine(
            ts=card.ts, agent=caller, level="error" if card.status == "error" else "info", message=_log_text(card)
        )
        cards = {name: card if name == caller else old for name, old in self._board.cards.items()}
        return line, Board(cards, (line, *self._board.log)[:LOG_LINES])

    def _assign(self, board: Board) -> None:
        self._board = board
        self.publish(board)


def known_agent(name: str) -> AgentName:
    """The agent of that name; raises `AgentNotFound`."""
    for agent in AGENTS:
        if agent == name:
            return agent
    raise AgentNotFound(f"no agent is named {name}", hint="use one of " + ", ".join(AGENTS))


def _log_text(card: AgentCard) -> str:
    return f"{card.status}: {card.action}" if card.action else card.status

"""What only a person decides about a trade that exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from opentrader.actors.messages.history import ClosedTradeReply
from opentrader.actors.messages.types import OK, Caller, TradeId
from opentrader.actors.runtime.message import Message


@dataclass(frozen=True, slots=True)
class TradeDropped:
    """`trade`: its row in the history, null if it never bought anything. `intent_id`: the id of the command."""

    ok: OK = field(default=True, init=False)
    trade: ClosedTradeReply | None
    intent_id: str


@dataclass(frozen=True, slots=True)
class DropTrade(Message[TradeDropped]):
    """Give up a trade that cannot be sold; only one in quarantine, or whose market cannot be read.

    It is booked as `orphan` with the loss of what it paid, its orders are canceled, and its coins are the user's own.
    For another day its orders are watched: an entry that turns up late is sold.
    """

    owner: ClassVar[str] = "position_manager"
    reduces: ClassVar[bool] = True
    urgent: ClassVar[bool] = True
    id: TradeId
    agent: Caller = "ops"
    idem_key: str = ""

"""What only a person decides about a trade that exists: to give it up, or to move its levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from opentrader.actors.messages.history import ClosedTradeReply
from opentrader.actors.messages.trading import TradeReply
from opentrader.actors.messages.types import OK, Caller, Px, TradeId
from opentrader.actors.runtime.message import Message
from opentrader.errors import Fault

MoveResult = Literal["moved", "kept", "closed", "replaced"]


@dataclass(frozen=True, slots=True)
class TradeDropped:
    """`trade`: its row in the history, null if it never bought anything. `intent_id`: the id of the command."""

    ok: OK = field(default=True, init=False)
    trade: ClosedTradeReply | None
    intent_id: str


@dataclass(frozen=True, slots=True)
class DropTrade(Message[TradeDropped]):
    """Give up a trade that cannot be sold; only one in quarantine, or whose market could not be read for five minutes.

    It is booked as `orphan` with the loss of what it paid, its orders are canceled, and its coins are the user's own.
    For another day its orders are watched: an entry that turns up late is sold.
    """

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    urgent: ClassVar[bool] = True
    id: TradeId
    agent: Caller = "ops"
    idem_key: str = ""


@dataclass(frozen=True, slots=True)
class LevelsMoved:
    """`status`: `kept` if the old levels are in place, because the price came too close or the exchange refused.

    `closed` if the trade was being closed, or had ended, before its levels were moved. `replaced` in the answer to a
    repeat, if the levels were moved again since, whatever became of this move. `trade`: as it is now, null if it has
    ended. `intent_id`: the id of the command.
    """

    ok: OK = field(default=True, init=False)
    status: MoveResult
    trade: TradeReply | None
    intent_id: str


@dataclass(frozen=True, slots=True)
class MoveLevels(Message[LevelsMoved]):
    """Move the stop, the target, or both, of a protected trade: the stop between the first one and the price, the
    target above it, each 0.2 % away from the price. Replies once the exchange has taken them.

    The exit is replaced: if the exchange refuses the new one, the old levels are placed again.
    """

    owner: ClassVar[str] = "position_manager"
    id: TradeId
    sl_px: Px | None = None
    tp_px: Px | None = None
    agent: Caller = "ops"
    idem_key: str = ""

    def contradictions(self) -> Iterator[Fault]:
        if self.sl_px is None and self.tp_px is None:
            yield Fault(("sl_px",), "give sl_px, tp_px, or both", "value_error")

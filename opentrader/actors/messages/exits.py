"""The requests that reduce risk: on a full disk they, and what they leave behind, may use the reserve."""

from __future__ import annotations

from typing import Any

from opentrader.actors.messages.closing import CloseAll, ClosePosition
from opentrader.actors.messages.operations import Halt
from opentrader.actors.messages.pending import CancelEntry
from opentrader.actors.messages.repairs import DropTrade
from opentrader.actors.messages.trading import ExecuteTrade
from opentrader.actors.runtime.message import Message

_EXITS = ClosePosition | CloseAll | DropTrade | CancelEntry | Halt


def is_exit(message: Message[Any]) -> bool:
    """Whether a request closes, drops, cancels or halts."""
    sells = isinstance(message, ExecuteTrade) and message.direction == "sell"
    return sells or isinstance(message, _EXITS)

"""The text on the card of an agent while the daemon executes its trading request."""

from __future__ import annotations

from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message

_ACTIVITIES: dict[type[Message[Any]], str] = {
    messages.ExecuteTrade: "trade",
    messages.PlaceManual: "manual entry",
    messages.ClosePosition: "close",
    messages.CloseAll: "close everything",
    messages.DropTrade: "drop a trade",
    messages.MoveLevels: "move levels",
    messages.UpdateTrailing: "trailing stops",
    messages.CheckPending: "pending entries",
    messages.Halt: "halt",
    messages.Resume: "resume",
}


def activity_of(message: Message[Any]) -> tuple[str | None, str]:
    """The agent of a request, None where no card shows it, and a description of the request."""
    what = _ACTIVITIES.get(type(message))
    if what is None:
        return None, ""
    words = (what, getattr(message, "direction", ""), getattr(message, "symbol", ""))
    return getattr(message, "agent", None), " ".join(word for word in words if word)

"""Work that an actor does on behalf of a caller, whose card shows it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from opentrader.actors.message import Message
from opentrader.actors.messages import ReportWork
from opentrader.errors import OpentraderError

R = TypeVar("R")


def _done(_answer: object) -> str:
    return " done"


async def errand(
    tell: Callable[[Message[Any]], None], agent: str | None, what: str, work: Coroutine[Any, Any, R],
    outcome: Callable[[R], str] = _done,
) -> R:  # fmt: skip
    """Show on the caller's card, if there is a caller, that the work is under way, and how it ended."""
    if agent is None:
        return await work
    tell(ReportWork(agent, "running", what))
    try:
        answer = await work
    except OpentraderError as error:
        tell(ReportWork(agent, "error", f"{what}: {error.detail}"[:500]))
        raise
    tell(ReportWork(agent, "idle", what + outcome(answer)))
    return answer

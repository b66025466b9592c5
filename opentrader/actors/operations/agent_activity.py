"""Work that an actor does on behalf of a caller, whose card shows it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from opentrader.actors.messages import (
    ReportWork,
)
from opentrader.actors.runtime.message import Message
from opentrader.domain.agents import AgentStatus
from opentrader.errors import OpentraderError

R = TypeVar("R")


def _done(_answer: object) -> str:
    return " done"


async def report_activity(
    tell: Callable[[Message[Any]], None],
    agent: str | None,
    what: str,
    work: Coroutine[Any, Any, R],
    outcome: Callable[[R], str] = _done,
) -> R:
    """Show on the caller's card, if there is a caller, that the work is under way, and how it ended.

    A card that cannot be told neither stops the work nor denies its answer.
    """
    if agent is None:
        return await work

    def show(status: AgentStatus, action: str) -> None:
        with suppress(OpentraderError):
            tell(ReportWork(agent, status, action))

    show("running", what)
    try:
        answer = await work
    except OpentraderError as error:
        show("error", f"{what}: {error.detail}"[:500])
        raise
    show("idle", what + outcome(answer))
    return answer

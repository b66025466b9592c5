"""Shows work that the daemon does for an agent on the agent's card."""

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
    """Run the work; show on the card of `agent`, if there is one, that it runs and how it ended.

    An error of the board neither stops the work nor changes its result.
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

"""The agents' board: five cards and the log of what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AgentName = Literal["coo", "ops", "tech", "finance", "scout"]
AgentStatus = Literal["idle", "running", "waiting", "error"]
Level = Literal["info", "warning", "error"]

AGENTS: tuple[AgentName, ...] = ("coo", "ops", "tech", "finance", "scout")
LOG_LINES = 200  # as many as the board keeps, and the dashboard shows


@dataclass(frozen=True, slots=True)
class AgentCard:
    """What one agent is doing; `ts` is the Unix second of its last change, 0 when it never reported."""

    status: AgentStatus
    action: str
    ts: int


NEVER = AgentCard("idle", "", 0)
"""The card of an agent that has not reported yet."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the board's log; `agent` is a card, any other caller, or `system`."""

    ts: int
    agent: str
    level: Level
    message: str

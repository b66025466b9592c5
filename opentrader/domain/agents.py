"""The agent board: five status cards and a shared activity log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AgentName = Literal["coo", "ops", "tech", "finance", "scout"]
AgentStatus = Literal["idle", "running", "waiting", "error"]
Level = Literal["info", "warning", "error"]

AGENTS: tuple[AgentName, ...] = ("coo", "ops", "tech", "finance", "scout")
LOG_LINES = 200  # stored by the board and rendered by the dashboard


@dataclass(frozen=True, slots=True)
class AgentCard:
    """The current status of one agent; `ts` is the Unix second of its last change, 0 before its first report."""

    status: AgentStatus
    action: str
    ts: int


NEVER = AgentCard("idle", "", 0)
"""The card of an agent before its first report."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log; `agent` is one of `AGENTS`, another caller, or `system`."""

    ts: int
    agent: str
    level: Level
    message: str

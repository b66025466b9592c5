"""The cards of the agents: which there are, and what one shows that never reported."""

from __future__ import annotations

from typing import get_args

from opentrader.domain.agents import AGENTS, NEVER, AgentName, AgentStatus


def test_every_agent_that_may_be_named_has_a_card() -> None:
    assert set(AGENTS) == set(get_args(AgentName))
    assert len(AGENTS) == len(set(AGENTS))


def test_an_agent_that_never_reported_is_idle_since_ever() -> None:
    assert (NEVER.status, NEVER.action, NEVER.ts) == ("idle", "", 0)
    assert NEVER.status in get_args(AgentStatus)

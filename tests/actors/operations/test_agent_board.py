"""The agents' board: durable cards, and a log of what was done."""

from __future__ import annotations

import pytest

from opentrader.actors.messages import (
    BoardState,
    LicenseOf,
    RegisterLicense,
    ReportWork,
    StoreTrend,
    TrendRows,
    UpdateAgent,
)
from opentrader.domain.analysis.trend import Score
from opentrader.errors import AgentNotFound


async def test_a_card_keeps_its_text_when_only_its_status_changes(books):
    await books.ask(UpdateAgent("coo", "running", "Day trading scan"))
    updated = await books.ask(UpdateAgent("coo", "waiting"))
    assert (updated.status, updated.action) == ("waiting", "Day trading scan")
    state = books.view(BoardState())
    assert state.agents["coo"].status == "waiting"
    assert state.agents["ops"].ts == 0
    assert [line.message for line in state.log] == ["waiting: Day trading scan", "running: Day trading scan"]


async def test_an_unknown_agent_has_no_card_but_its_work_is_logged(books):
    with pytest.raises(AgentNotFound):
        await books.ask(UpdateAgent("bob", "idle"))
    await books.ask(ReportWork("bob", "running", "scan"))
    state = books.view(BoardState())
    assert set(state.agents) == {"coo", "ops", "tech", "finance", "scout"}
    assert state.log[0].agent == "bob"


async def test_board_license_and_trends_survive_a_restart(books):
    await books.ask(UpdateAgent("tech", "error", "feed down"))
    await books.ask(RegisterLicense("me@example.com", "Me"))
    await books.ask(StoreTrend("ZZZUSDT", "uptrend", score=Score(5, 0, 2)))
    before = [books.view(query) for query in (BoardState(), LicenseOf(), TrendRows())]
    await books.restart()
    assert [books.view(query) for query in (BoardState(), LicenseOf(), TrendRows())] == before


async def test_the_log_keeps_its_newest_lines_in_memory_and_in_the_store(books):
    for number in range(203):
        await books.ask(ReportWork("ops", "running", str(number)))
    for _ in "before", "after":
        log = books.view(BoardState()).log
        assert (len(log), log[0].message, log[-1].message) == (200, "running: 202", "running: 3")
        await books.restart()

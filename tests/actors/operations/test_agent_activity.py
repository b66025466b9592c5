"""Work on behalf of an agent goes on, and its answer stands, whether or not a card can show it."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors.operations.agent_activity import report_activity
from opentrader.errors import NoPosition, Overloaded


def unheard(message: Any) -> None:
    raise Overloaded("agent_board has 1000 requests waiting")


async def test_a_full_board_neither_stops_the_work_nor_denies_its_answer() -> None:
    async def closes() -> str:
        return "closed"

    assert await report_activity(unheard, "ops", "close", closes()) == "closed"


async def test_nor_does_it_hide_why_the_work_failed() -> None:
    async def fails() -> str:
        raise NoPosition("nothing is held")

    with pytest.raises(NoPosition):
        await report_activity(unheard, "ops", "close", fails())

"""The agents' cards, and the log that they share."""

from __future__ import annotations

from functools import partial

import apsw

from opentrader.domain.agents import LOG_LINES, AgentCard, AgentName, LogLine
from opentrader.store import Store
from opentrader.store.tables import agents


async def test_cards_are_replaced_and_listed_by_name(store: Store) -> None:
    told: tuple[tuple[AgentName, str, int], ...] = (("tech", "old", 1), ("coo", "", 2), ("tech", "new", 3))
    for name, action, ts in told:
        await store.write(partial(agents.put_card, name=name, card=AgentCard("running", action, ts)))
    assert list(store.read(agents.cards).items()) == [
        ("coo", AgentCard("running", "", 2)),
        ("tech", AgentCard("running", "new", 3)),
    ]


async def test_the_log_keeps_the_newest_lines(store: Store) -> None:
    def append(connection: apsw.Connection, numbers: range) -> None:
        for number in numbers:
            agents.append(connection, LogLine(7, "ops", "info", str(number)))

    await store.write(lambda connection: append(connection, range(LOG_LINES + 30)))
    lines = store.read(agents.log)
    assert [line.message for line in lines] == [str(number) for number in range(229, 29, -1)]
    assert lines[0] == LogLine(7, "ops", "info", "229")

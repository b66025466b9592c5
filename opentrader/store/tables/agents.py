"""The agents' cards and their shared log. Instants are whole Unix seconds."""

from __future__ import annotations

from functools import partial
from typing import cast

from apsw import Connection

from opentrader.domain.agents import LOG_LINES, AgentCard, AgentName, LogLine
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.rows import Rows

CARDS = Rows("agent_cards", AgentCard, beside=("name",))
LOG = Rows("agent_log", LogLine)


class AgentTable:
    """`domain.ports.AgentStore`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> tuple[dict[AgentName, AgentCard], list[LogLine]]:
        return self._store.read(lambda connection: (cards(connection), log(connection)))

    async def keep(
        self, line: LogLine, name: AgentName | None, card: AgentCard | None, *, patient: bool = False
    ) -> None:
        await self._store.write(partial(_keep, line, name, card), patient=patient)


def put_card(connection: Connection, name: AgentName, card: AgentCard) -> None:
    """Store the card of an agent in place of its earlier one."""
    CARDS.put(connection, card, name=name)


def cards(connection: Connection) -> dict[AgentName, AgentCard]:
    """The stored cards, by name and in the order of the names."""
    found = CARDS.select_beside(connection, "ORDER BY name")
    return {cast(AgentName, beside["name"]): card for card, beside in found}


def append(connection: Connection, line: LogLine) -> None:
    """Add a line to the log and delete the line that no longer fits into it."""
    LOG.insert(connection, line)
    connection.execute("DELETE FROM agent_log WHERE id <= ?", (connection.last_insert_rowid() - LOG_LINES,))


def log(connection: Connection) -> list[LogLine]:
    """The last `LOG_LINES` lines, newest first."""
    return LOG.select(connection, "ORDER BY id DESC")


def _keep(line: LogLine, name: AgentName | None, card: AgentCard | None, connection: Connection) -> None:
    append(connection, line)
    if name is not None and card is not None:
        put_card(connection, name, card)

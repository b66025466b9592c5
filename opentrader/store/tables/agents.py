"""The agents' cards and the log that they share. Instants are whole Unix seconds."""

from __future__ import annotations

from typing import NamedTuple

from apsw import Connection

from opentrader.domain.agents import LOG_LINES


class Card(NamedTuple):
    """`status`: idle, running, waiting, error. `ts`: the last change."""

    name: str
    status: str
    action: str
    ts: int


class Line(NamedTuple):
    """`level`: info, warning, error."""

    ts: int
    agent: str
    level: str
    message: str


def put_card(connection: Connection, name: str, *, status: str, action: str, ts: int) -> None:
    """Store the card of an agent in place of the one that it had."""
    connection.execute(
        "INSERT OR REPLACE INTO agent_cards (name, status, action, ts) VALUES (?, ?, ?, ?)",
        (name, status, action, ts),
    )


def cards(connection: Connection) -> list[Card]:
    """The cards that were ever set, by name."""
    found = connection.execute("SELECT name, status, action, ts FROM agent_cards ORDER BY name")
    return [Card(*row) for row in found]


def append(connection: Connection, *, ts: int, agent: str, level: str, message: str) -> None:
    """Add a line to the log and forget the one that is now too old."""
    connection.execute(
        "INSERT INTO agent_log (ts, agent, level, message) VALUES (?, ?, ?, ?)", (ts, agent, level, message)
    )
    connection.execute("DELETE FROM agent_log WHERE id <= ?", (connection.last_insert_rowid() - LOG_LINES,))


def log(connection: Connection) -> list[Line]:
    """The last `LOG_LINES` lines, the newest first."""
    found = connection.execute("SELECT ts, agent, level, message FROM agent_log ORDER BY id DESC")
    return [Line(*row) for row in found]

"""The ledger's file is made by its migrations, and refuses what is no ledger."""

from __future__ import annotations

import apsw
import pytest

from opentrader.exchange.paper.ledger.schema import STEPS


def made() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    for step in STEPS:
        connection.execute(step)
    return connection


def test_every_table_is_typed() -> None:
    found = made().execute(
        "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    )
    tables = dict(found)
    assert {"orders", "lists", "trades", "totals", "transfers", "rules", "looked"} == tables.keys()
    assert set(tables.values()) == {1}


def test_the_market_was_last_looked_at_once() -> None:
    connection = made()
    connection.execute("INSERT INTO looked VALUES (1, 5)")
    with pytest.raises(apsw.ConstraintError):
        connection.execute("INSERT INTO looked VALUES (2, 6)")

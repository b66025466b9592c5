"""The ledger's file is made by its migrations, and refuses what is no ledger."""

from __future__ import annotations

from decimal import Decimal

import apsw
import pytest

from opentrader.exchange.paper.ledger.ledger import select
from opentrader.exchange.paper.ledger.schema import STEPS
from opentrader.exchange.paper.matching.orders import PaperFill


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


def test_a_fill_from_before_rates_were_kept_has_none() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(STEPS[0])
    connection.execute(
        "INSERT INTO orders VALUES (1, 0, 'c', 'BTCUSDT', 'BTC', 'USDT', 'buy', 'MARKET', '1', NULL, NULL, 'GTC', 1, 1,"
        " 'FILLED', '1', '100', NULL, 1)"
    )
    connection.execute(
        "INSERT INTO trades VALUES (7, 1, 'BTCUSDT', 'BTC', 'USDT', 'buy', '1', '100', '0.0015', 'BNB', 5)"
    )
    connection.execute(STEPS[1])
    [fill] = select(connection, PaperFill, "id = 7")
    assert (fill.fee, fill.fee_asset, fill.rate) == (Decimal("0.0015"), "BNB", Decimal(0))


def test_the_market_was_last_looked_at_once() -> None:
    connection = made()
    connection.execute("INSERT INTO looked VALUES (1, 5)")
    with pytest.raises(apsw.ConstraintError):
        connection.execute("INSERT INTO looked VALUES (2, 6)")

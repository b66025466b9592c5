"""A table of a dataclass: every field has its column, and a value comes back equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import apsw
import pytest

from opentrader.store import Connection, Store
from opentrader.store.sqlite.rows import Rows
from opentrader.store.tables.agents import CARDS, LOG
from opentrader.store.tables.control import CONTROL
from opentrader.store.tables.history import HISTORY
from opentrader.store.tables.idempotency import RESERVATIONS
from opentrader.store.tables.licenses import LICENSES
from opentrader.store.tables.signals import SIGNALS
from opentrader.store.tables.trends import TRENDS


@dataclass(frozen=True)
class Point:
    x: int
    y: float


@dataclass(frozen=True)
class Sample:
    id: str
    side: Literal["buy", "sell"]
    amount: Decimal
    open: bool
    note: str | None
    ceiling: Decimal | None
    point: Point
    points: tuple[Point, ...]
    facts: Mapping[str, Any]
    body: dict[str, Any]


SAMPLE = Sample(
    id="1",
    side="buy",
    amount=Decimal("0.10"),
    open=True,
    note=None,
    ceiling=Decimal("1.50"),
    point=Point(1, 2.5),
    points=(Point(1, 2.0), Point(3, 4.5)),
    facts={"z": [1], "a": {"é": None}},
    body={},
)
SAMPLES = Rows("samples", Sample, beside=("seq",), renamed={"side": "direction"})


@pytest.fixture
def connection() -> Connection:
    made = Connection(":memory:")
    made.execute(
        "CREATE TABLE samples (id TEXT PRIMARY KEY, direction TEXT, amount TEXT, open INTEGER, note TEXT, ceiling TEXT,"
        " point TEXT, points TEXT, facts TEXT, body TEXT, seq INTEGER) STRICT"
    )
    return made


def test_a_value_comes_back_equal_with_what_stands_beside_it(connection: Connection) -> None:
    SAMPLES.insert(connection, SAMPLE, seq=7)
    assert SAMPLES.select(connection) == [SAMPLE]
    assert list(SAMPLES.select_beside(connection, "WHERE direction = ?", "buy")) == [(SAMPLE, {"seq": 7})]


def test_each_field_is_in_its_column_and_json_keeps_the_order_of_its_keys(connection: Connection) -> None:
    SAMPLES.insert(connection, SAMPLE, seq=7)
    (row,) = connection.execute("SELECT id, direction, amount, open, note, point, points, facts, body FROM samples")
    json = ('{"x":1,"y":2.5}', '[{"x":1,"y":2.0},{"x":3,"y":4.5}]', '{"z":[1],"a":{"é":null}}', "{}")
    assert row == ("1", "buy", "0.10", 1, None, *json)


def test_put_replaces_and_insert_does_not(connection: Connection) -> None:
    SAMPLES.insert(connection, SAMPLE, seq=1)
    SAMPLES.put(connection, SAMPLE, seq=2)
    with pytest.raises(apsw.ConstraintError):
        SAMPLES.insert(connection, SAMPLE, seq=3)
    assert [beside for _, beside in SAMPLES.select_beside(connection)] == [{"seq": 2}]


def test_a_missing_column_is_an_error(connection: Connection) -> None:
    with pytest.raises(KeyError, match="seq"):
        SAMPLES.put(connection, SAMPLE)


@pytest.mark.parametrize(
    "rows", [SIGNALS, CARDS, LOG, TRENDS, LICENSES, CONTROL, HISTORY, RESERVATIONS], ids=lambda rows: rows.table
)
def test_every_column_of_the_schema_has_its_field(store: Store, rows: Rows[Any]) -> None:
    found = store.read(lambda c: list(c.execute("SELECT name FROM pragma_table_info(?)", (rows.table,))))
    counted_by_sqlite = {"id"} if rows is LOG else set()
    assert {name for (name,) in found} - counted_by_sqlite == set(rows.columns)

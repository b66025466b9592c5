"""Closed trades: exact, newest first, and those that do not count left out of the statistics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from functools import partial
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.store import Store
from opentrader.store.sqlite import schema
from opentrader.store.tables import events, history
from opentrader.store.tables.history import HistoryTable
from opentrader.store.tables.journal import JournalTable
from tests.store.given import CLOSED

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=12)
INSTANTS = st.integers(0, 2**40)
BY_NAME = {
    **dict.fromkeys(("id", "symbol", "bot", "source", "exit_reason"), TEXTS),
    **dict.fromkeys(("size", "entry_px", "exit_px", "pnl", "pnl_pct", "fees"), AMOUNTS),
    **dict.fromkeys(("opened_at", "closed_at"), INSTANTS),
    "direction": st.sampled_from(("buy", "sell")),
    "agent": st.none() | TEXTS,
    "cancelled_orders": st.lists(st.integers(0, 2**53) | TEXTS, max_size=3).map(tuple),
    "counted": st.booleans(),
    "fees_known": st.booleans(),
    "left_over": st.none() | AMOUNTS,
}


@given(st.builds(ClosedTrade, **BY_NAME))
def test_a_closed_trade_comes_back_as_it_was(closed: ClosedTrade) -> None:
    connection = apsw.Connection(":memory:")
    schema.migrate(connection, schema.migrations())
    assert history.add(connection, [closed], 1) == [closed]
    assert repr(history.page(connection, 1, 0)) == repr([closed])


def test_no_field_of_a_closed_trade_is_forgotten(store: Store) -> None:
    columns = store.read(lambda c: {name for (name,) in c.execute("SELECT name FROM pragma_table_info('history')")})
    assert columns == {*(field.name for field in fields(ClosedTrade)), "seq"}
    assert BY_NAME.keys() == {field.name for field in fields(ClosedTrade)}


async def test_pages_are_newest_first(store: Store) -> None:
    table = HistoryTable(store)
    closings = (("a", 10), ("b", 30), ("c", 30), ("d", 20))
    await table.add([replace(CLOSED, id=name, closed_at=at) for name, at in closings], 1)
    assert [closed.id for closed in table.page(10, 0)] == ["c", "b", "d", "a"]
    assert [closed.id for closed in table.page(2, 1)] == ["b", "d"]
    assert table.page(2, 4) == []
    assert table.total() == 4


async def test_an_orphan_is_listed_but_does_not_count(store: Store) -> None:
    table = HistoryTable(store)
    orphan = replace(CLOSED, id="T2", pnl=Decimal(0), exit_reason="orphan", counted=False)
    await table.add([CLOSED, orphan], 1)
    assert (table.total(), table.recent(0, [])) == (2, [CLOSED])


async def test_what_was_written_since_is_found_by_index(store: Store) -> None:
    table = HistoryTable(store)
    assert table.since(0) == ([], 0)
    provisional = replace(CLOSED, fees_known=False, left_over=Decimal(0))
    await table.add([provisional, replace(CLOSED, id="T2")], 1)
    first, seen = table.since(0)
    assert [row.id for row in first] == [CLOSED.id, "T2"]
    await table.add([replace(CLOSED, fees_known=True)], 2)
    again, last = table.since(seen)
    assert ([row.id for row in again], last > seen) == ([CLOSED.id], True)
    assert table.since(last) == ([], last)
    assert not [step for step in plan(store, partial(history.since, seq=last)) if "SCAN history" in step]


async def test_k19_recent_rows_are_found_by_index(store: Store) -> None:
    table = HistoryTable(store)
    days = [replace(CLOSED, id=f"D{day}", closed_at=day * 86_400) for day in range(5)]
    await table.add([*days, replace(CLOSED, id="orphan", closed_at=9 * 86_400, counted=False)], 1)
    assert {row.id for row in table.recent(3 * 86_400, ["D1", "D4", "unknown", "orphan"])} == {"D1", "D3", "D4"}
    assert not [step for step in plan(store, partial(history.recent, since=1, ids=("D1",))) if "SCAN history" in step]


async def test_k19_it_is_found_if_the_whole_history_is_read(store: Store) -> None:
    assert [step for step in plan(store, history.total) if "SCAN history" in step]


def plan(store: Store, read: Callable[[apsw.Connection], object]) -> list[str]:
    """What SQLite does for a read: one line a step."""

    def explained(connection: apsw.Connection) -> list[str]:
        asked = list[tuple[str, Any]]()

        def note(cursor: apsw.Cursor, sql: str, bindings: Any) -> bool:
            asked.append((sql, bindings))
            return True

        connection.exec_trace = note
        read(connection)
        connection.exec_trace = None
        return [step for sql, values in asked for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    return store.read(explained)


async def test_what_is_there_is_not_imported_again(store: Store, entering: Callable[..., Trade]) -> None:
    table, journal = HistoryTable(store), JournalTable(store)
    await journal.save(entering("T1"), "sent", 1)
    await journal.finish(entering("T1"), CLOSED, "flat", 2)
    foreign = replace(CLOSED, id="28457", source="synced", exit_reason="synced")
    assert await table.add([replace(CLOSED, pnl=Decimal(-1)), foreign, foreign], 3) == [foreign]
    assert table.page(10, 0) == [CLOSED, foreign]
    last = store.read(lambda connection: list(events.since(connection, 2)))
    assert [(event.type, event.body["closed"]["id"]) for event in last] == [("trade.imported", "28457")]


async def test_the_schema_refuses_a_direction_that_is_none(store: Store) -> None:
    with pytest.raises(apsw.ConstraintError):
        await HistoryTable(store).add([replace(CLOSED, direction="long")], 1)  # type: ignore[arg-type]  # no direction, which is the point
    assert store.read(events.head).seq == 0


async def test_an_import_makes_a_provisional_row_exact_and_changes_no_other(store: Store) -> None:
    table, exact = HistoryTable(store), replace(CLOSED, fees_known=True, left_over=Decimal(0))
    provisional = replace(exact, fees_known=False, pnl=Decimal(-1))
    assert await table.add([provisional, provisional], 1) == [provisional]
    assert await table.add([exact], 2) == [exact]
    assert await table.add([provisional, replace(exact, pnl=Decimal(-2))], 3) == []
    assert table.page(10, 0) == [exact]

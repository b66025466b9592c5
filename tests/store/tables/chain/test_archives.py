"""Which events may leave the store for a file, and which stay whatever anybody asks."""

from __future__ import annotations

from functools import partial
from typing import Any

import apsw
import pytest

from opentrader.errors import InternalError
from opentrader.store import Store
from opentrader.store.tables import archives, events
from opentrader.store.tables.archives import Archive
from tests.store.given import finished

YEAR = 365 * 86_400_000
ARCHIVE = Archive("events-1-9-0.jsonl.gz", "0" * 64, 3, YEAR)


def seqs(found: Any) -> list[int]:
    return [] if found is None else [row.seq for row in found[0]]


@pytest.fixture
async def traded(store: Store, entering: Any) -> Store:
    """Three trades, of four events each: two ended, one after the other, and one goes on."""
    await finished(store, entering("T1"), YEAR)
    await finished(store, entering("T2"), YEAR + 5)
    await finished(store, entering("T3"), None)
    return store


async def test_k19_the_events_of_ended_trades_go_but_those_that_rows_refer_to(traded: Store) -> None:
    """Of T1, events 1 to 4: 2 told of its fill, and 4 is its end."""
    assert seqs(traded.read(partial(archives.removable, ended_ms=YEAR, least=1))) == [1, 3]
    assert seqs(traded.read(partial(archives.removable, ended_ms=YEAR + 5, least=1))) == [1, 3]
    assert seqs(traded.read(partial(archives.removable, ended_ms=YEAR + 5, least=3))) == [1, 3, 5, 7]
    assert traded.read(partial(archives.removable, ended_ms=10 * YEAR, least=5)) is None
    assert traded.read(partial(archives.removable, ended_ms=YEAR - 1, least=1)) is None


async def test_k19_they_leave_with_an_event_that_seals_the_file(traded: Store) -> None:
    rows, ended_ms = traded.read(partial(archives.removable, ended_ms=YEAR, least=1)) or ([], 0)
    assert ended_ms == YEAR
    await traded.write(partial(archives.remove, rows=rows, archive=ARCHIVE, at_ms=2 * YEAR))
    left = traded.read(lambda connection: list(events.since(connection, 0)))
    assert [event.seq for event in left] == [2, 4, *range(5, 14)]
    assert (left[-1].type, left[-1].body["sha256"]) == ("archived", ARCHIVE.sha256)
    assert traded.read(archives.all_of) == [(ARCHIVE, 13)]
    assert seqs(traded.read(partial(archives.removable, ended_ms=YEAR + 5, least=1))) == [5, 7]


@pytest.mark.parametrize("sql", ["DELETE FROM archives", "UPDATE archives SET sha256 = replace(sha256, '0', '1')"])
async def test_what_was_sealed_stays_so(traded: Store, sql: str) -> None:
    rows, _ = traded.read(partial(archives.removable, ended_ms=YEAR, least=1)) or ([], 0)
    await traded.write(partial(archives.remove, rows=rows, archive=ARCHIVE, at_ms=2 * YEAR))
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        await traded.write(lambda connection: list(connection.execute(sql)))


@pytest.mark.parametrize(
    ("seq", "said"),
    [(2, "FOREIGN KEY"), (4, "FOREIGN KEY"), (5, "append-only"), (9, "append-only"), (1, "append-only")],
)
@pytest.mark.parametrize("archived", [True, False])
async def test_k19_the_schema_lets_nothing_else_go(traded: Store, seq: int, said: str, archived: bool) -> None:
    """Rows that others refer to, the events of a trade that ended later or goes on, and all before there is a file."""

    def delete(connection: apsw.Connection) -> None:
        if archived:
            at = events.append(connection, 1, "archived", {})
            archives.ARCHIVES.insert(connection, ARCHIVE, seq=at)
        connection.execute("DELETE FROM events WHERE seq = ?", (seq,))

    if archived and seq == 1:
        await traded.write(delete)
        return
    with pytest.raises(apsw.ConstraintError, match=said if archived else "append-only"):
        await traded.write(delete)


async def test_k19_it_is_found_if_the_trigger_is_only_dropped(traded: Store) -> None:
    await traded.write(lambda connection: list(connection.execute("DROP TRIGGER events_are_never_pruned")))
    with pytest.raises(pytest.fail.Exception):
        await test_k19_the_schema_lets_nothing_else_go(traded, 9, "append-only", archived=False)


async def test_events_that_are_gone_are_not_sealed_again(traded: Store) -> None:
    rows, _ = traded.read(partial(archives.removable, ended_ms=YEAR, least=1)) or ([], 0)
    await traded.write(partial(archives.remove, rows=rows, archive=ARCHIVE, at_ms=2 * YEAR))
    again = Archive("another", "1" * 64, 2, YEAR)
    with pytest.raises(InternalError, match="0 of the 2 events"):
        await traded.write(partial(archives.remove, rows=rows, archive=again, at_ms=2 * YEAR))
    assert traded.read(archives.all_of) == [(ARCHIVE, 13)]


async def test_no_table_is_read_as_a_whole_for_it(traded: Store) -> None:
    def plan(connection: apsw.Connection) -> list[str]:
        return [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {archives._REMOVABLE}", (YEAR,))]

    assert [step for step in traded.read(plan) if step.startswith("SCAN") and "archives" not in step] == []

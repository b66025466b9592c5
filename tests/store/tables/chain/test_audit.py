"""The chain: what was written stays, and whoever changes it is found out."""

from __future__ import annotations

from dataclasses import replace

from opentrader.store import Connection, Store
from opentrader.store.tables import events
from opentrader.store.tables.audit import AuditTable
from tests.store.given import ENTRY

# --- the chain -----------------------------------------------------------------------------------------------------


# --- the rows against their events ---------------------------------------------------------------------------------


# --- where there is nothing to verify ------------------------------------------------------------------------------


# --- the audit's pages ---------------------------------------------------------------------------------------------


async def test_an_entry_comes_back_as_it_was_with_its_id(full: Store) -> None:
    entries, total = AuditTable(full).page(10, 0)
    assert entries == [replace(ENTRY, action="close", id=6), replace(ENTRY, id=2)]
    assert total == 2


async def test_pages_are_filtered_and_newest_first(store: Store) -> None:
    log = AuditTable(store)
    acts = (("trade", "BTCUSDT"), ("close", "BTCUSDT"), ("trade", "ETHUSDT"), ("halt", None), ("trade", "BTCUSDT"))
    for number, (action, symbol) in enumerate(acts):
        await log.append(replace(ENTRY, ts=100 + number, action=action, symbol=symbol))

    def ids(limit: int = 10, offset: int = 0, **filters: object) -> tuple[list[int], int]:
        entries, total = log.page(limit, offset, **filters)  # type: ignore[arg-type]  # a filter is one of the three keywords
        return [entry.id for entry in entries], total

    assert ids() == ([5, 4, 3, 2, 1], 5)
    assert ids(2, 1) == ([4, 3], 5)
    assert ids(action="trade") == ([5, 3, 1], 3)
    assert ids(symbol="BTCUSDT") == ([5, 2, 1], 3)
    assert ids(since=102) == ([5, 4, 3], 3)
    assert ids(since=0) == ([5, 4, 3, 2, 1], 5)
    assert ids(1, 1, since=101, action="trade", symbol="BTCUSDT") == ([], 1)
    assert ids(action="' OR 1") == ([], 0)


async def test_the_total_counts_what_came_after_the_last_page(full: Store) -> None:
    """Entries that were counted are not read again, so their number must stay right as others come."""
    log = AuditTable(full)
    totals = [log.page(1, 0)[1]]
    for action in ("trade", "halt"):
        await log.append(replace(ENTRY, action=action))
        totals.append(log.page(1, 0)[1])
    assert totals == [2, 3, 4]
    assert log.page(1, 0)[1] == AuditTable(full).page(1, 0)[1]


async def test_the_events_of_trades_are_no_audit_entries(full: Store) -> None:
    def seqs(connection: Connection) -> list[int]:
        return [event.seq for event in events.since(connection, 0)]

    assert full.read(seqs) == [1, 2, 3, 4, 5, 6]
    assert AuditTable(full).page(1, 0)[1] == 2

"""Entries are counted once, for their day of market time, from the last reset on."""

from __future__ import annotations

from collections.abc import Callable

from opentrader.domain.timeframes import DAY_MS
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.store import Store
from opentrader.store.tables.entry_counts import EntryCountTable
from opentrader.store.tables.journal import JournalTable

MIDNIGHT = 19_700 * DAY_MS


async def execute(store: Store, *entries: tuple[str, int]) -> None:
    for trade_id, at in entries:
        await store.write(EntryCountTable(store).executing(trade_id, at))


async def test_an_entry_counts_on_its_day_alone(store: Store) -> None:
    await execute(store, ("T1", MIDNIGHT - 1), ("T2", MIDNIGHT), ("T3", MIDNIGHT + DAY_MS - 1))
    days = [EntryCountTable(store).trades_today(MIDNIGHT + offset) for offset in (-1, 0, DAY_MS - 1, DAY_MS)]
    assert days == [1, 2, 2, 0]


async def test_an_entry_counts_once_however_often_it_is_told(store: Store) -> None:
    await execute(store, ("T1", MIDNIGHT), ("T1", MIDNIGHT + 1), ("T1", MIDNIGHT + DAY_MS))
    assert EntryCountTable(store).trades_today(MIDNIGHT) == 1
    assert EntryCountTable(store).trades_today(MIDNIGHT + DAY_MS) == 0


async def test_a_reset_starts_the_count_anew_even_in_the_same_millisecond(store: Store) -> None:
    table = EntryCountTable(store)
    await execute(store, ("T1", MIDNIGHT), ("T2", MIDNIGHT))
    assert await table.reset(MIDNIGHT) == (2, 0)
    await execute(store, ("T2", MIDNIGHT), ("T3", MIDNIGHT))  # T2 was counted before
    assert table.trades_today(MIDNIGHT) == 1
    assert await table.reset(MIDNIGHT) == (1, 0)
    assert await table.reset(MIDNIGHT) == (0, 0)


async def test_a_reset_is_of_one_day(store: Store) -> None:
    table = EntryCountTable(store)
    await execute(store, ("T1", MIDNIGHT - 1), ("T2", MIDNIGHT))
    await table.reset(MIDNIGHT)
    assert (table.trades_today(MIDNIGHT - 1), table.trades_today(MIDNIGHT)) == (1, 0)


async def test_it_is_counted_in_the_commit_of_the_fill(store: Store, entering: Callable[..., Trade]) -> None:
    counting = EntryCountTable(store).executing("T1", MIDNIGHT)
    await JournalTable(store).save(entering("T1"), "filled", 1, also=[counting])
    assert EntryCountTable(store).trades_today(MIDNIGHT) == 1

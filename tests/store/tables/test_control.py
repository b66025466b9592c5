"""Halt, closeall gate, cooldowns and the instance: kept across restarts."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

from opentrader.domain.trading.ledger import AuditEntry, Control, SymbolHalt
from opentrader.domain.trading.lifecycle.ids import EXIT
from opentrader.store import Store
from opentrader.store.tables import audit
from opentrader.store.tables.control import ControlTable

HALTED = Control(True, "daily loss", 1_700_000_000, 1_700_000_009)


async def test_nothing_is_halted_at_first(store: Store) -> None:
    assert ControlTable(store).load() == (Control(), {})


async def test_all_of_it_survives_a_restart(data_dir: Path) -> None:
    first = Store.open(data_dir)
    table = ControlTable(first)
    entry = AuditEntry(1_700_000_000, "ops", "halt", None, "ok", 0, None, {})
    await table.keep(HALTED, also=[partial(audit.append, entry=entry), table.cooling("BTCUSDT", 5)])
    await first.write(table.cooling("mr_combined ETHUSDT", 7))
    await first.write(table.cooling("BTCUSDT", 9))
    await first.write(table.restoring("1", "x"))
    await first.write(table.restoring("2", "y"))
    await first.write(table.dropping("1"))
    name = await table.instance()
    first.close()
    second = Store.open(data_dir)
    table = ControlTable(second)
    assert table.load() == (HALTED, {"BTCUSDT": 9, "mr_combined ETHUSDT": 7})
    assert (table.restored(), await table.instance()) == ({"2": "y"}, name)
    await table.keep(Control())
    assert table.load()[0] == Control()
    second.close()


async def test_the_halts_of_symbols_survive_a_restart_and_end_one_by_one(data_dir: Path) -> None:
    first, second = SymbolHalt("BTCUSDT", "sold 2 more", 7), SymbolHalt("ETHUSDT", "an order has sold", 8)
    store = Store.open(data_dir)
    assert ControlTable(store).halts() == []
    for halt in (second, first):
        await store.write(ControlTable(store).halting(halt))
    store.close()
    store = Store.open(data_dir)
    assert ControlTable(store).halts() == [first, second]
    again = replace(first, since=9)
    await store.write(ControlTable(store).halting(again))
    await ControlTable(store).end_halt(first)  # it has been replaced: what an operator has not seen goes on
    assert ControlTable(store).halts() == [again, second]
    await ControlTable(store).end_halt(again)
    assert ControlTable(store).halts() == [second]
    store.close()


async def test_the_instance_fits_into_client_ids(store: Store) -> None:
    name = await ControlTable(store).instance()
    assert re.fullmatch("[0-9A-Za-z]{4}", name)
    assert EXIT.fullmatch(f"OTC{name}_{'0' * 26}01")


async def test_each_data_folder_has_its_own_instance(tmp_path: Path) -> None:
    names = set()
    for number in range(8):
        store = Store.open(tmp_path / str(number))
        names.add(await ControlTable(store).instance())
        store.close()
    assert len(names) > 1

"""Signals: one a pair, the last; and the bar that each bot signalled."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import apsw
import pytest

from opentrader.store import Store
from opentrader.store.tables import signals
from tests.store.given import SIGNAL, put_signal


async def test_a_signal_comes_back_as_it_was_stored(store: Store) -> None:
    await put_signal(store, "ETHUSDT", notified=True)
    (row,) = store.read(signals.rows)
    assert row == replace(SIGNAL, notified=True)
    assert row.notified is True
    assert list(row.body["checklist"]) == ["zeta", "alpha"]  # the order of the poster


async def test_a_pair_has_one_signal_the_last(store: Store) -> None:
    await put_signal(store, "ETHUSDT")
    await put_signal(store, "ETHUSDT", status="skipped", updated_at=1_700_000_777)
    (row,) = store.read(signals.rows)
    assert (row.status, row.updated_at, row.notified) == ("skipped", 1_700_000_777, False)


async def test_signals_are_listed_newest_first_then_by_pair(store: Store) -> None:
    for pair, created_at in (("AUSDT", 10), ("DUSDT", 20), ("CUSDT", 20), ("BUSDT", 15)):
        await put_signal(store, pair, created_at=created_at)
    assert [row.pair for row in store.read(signals.rows)] == ["CUSDT", "DUSDT", "BUSDT", "AUSDT"]


async def test_deleting_signals_spares_the_others_and_the_bars(store: Store) -> None:
    for pair in ("AUSDT", "BUSDT", "CUSDT"):
        await put_signal(store, pair)
    await store.write(lambda connection: signals.put_bar(connection, "AUSDT", "mr", 5))
    await store.write(lambda connection: signals.delete(connection, ["AUSDT", "CUSDT", "NONEUSDT"]))
    assert [row.pair for row in store.read(signals.rows)] == ["BUSDT"]
    assert store.read(signals.bars) == {("AUSDT", "mr"): 5}


def put_bar(connection: apsw.Connection, bar: tuple[str, str, int]) -> None:
    signals.put_bar(connection, *bar)


async def test_a_bar_is_kept_for_each_pair_and_bot(store: Store) -> None:
    bars = (("AUSDT", "x", 1), ("AUSDT", "y", 2), ("BUSDT", "x", 3), ("AUSDT", "x", 1_700_000_000_000))
    for bar in bars:
        await store.write(partial(put_bar, bar=bar))
    kept = {("AUSDT", "x"): 1_700_000_000_000, ("AUSDT", "y"): 2, ("BUSDT", "x"): 3}
    assert store.read(signals.bars) == kept


@pytest.mark.parametrize(
    "wrong",
    [{"direction": "long"}, {"status": "new"}, {"notified": 2}, {"created_at": 1.5}, {"bot": None}],
    ids=str,
)
async def test_the_schema_refuses_a_wrong_signal(store: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(apsw.ConstraintError):
        await put_signal(store, "ETHUSDT", **wrong)
    assert store.read(signals.rows) == []

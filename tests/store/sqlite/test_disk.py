"""The disk under the data folder: a floor and a reserve for entries, and the pace of its commits."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from opentrader.domain.trading.ports import DiskState
from opentrader.store import Connection, Store
from opentrader.store.sqlite import disk, pace
from opentrader.store.sqlite.reserve import RESERVE_BYTES, Reserve
from opentrader.store.tables import settings


def test_below_the_floor_or_without_a_reserve_there_is_no_room_for_entries(
    store: Store, data_dir: Path, free_bytes: Callable[[int], None]
) -> None:
    assert 0 < store.disk.state().free < shutil.disk_usage(data_dir).total
    free_bytes(disk.FLOOR_BYTES)
    assert store.disk.roomy()
    free_bytes(disk.FLOOR_BYTES - 1)
    assert not store.disk.roomy()
    free_bytes(disk.FLOOR_BYTES)
    Reserve(data_dir).release()
    assert not store.disk.roomy()


def test_a_disk_that_does_not_answer_has_no_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(*path: object) -> None:
        raise OSError("stale file handle")

    monkeypatch.setattr(shutil, "disk_usage", stale)
    assert store.disk.state().free == 0
    with pytest.raises(OSError, match="stale"):
        store.disk.roomy()  # the entry gate refuses what it cannot read


async def test_the_writer_tells_how_long_its_commits_take(
    store: Store, free_bytes: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    free_bytes(1 << 30)
    monkeypatch.setattr(pace, "SLOW_SECONDS", -1.0)
    for _ in range(5):
        await store.write(lambda connection: None)  # nothing to sync
    assert not store.disk.slow()

    def put(connection: Connection) -> None:
        settings.put(connection, "k", "v")

    for _ in range(3):
        await store.write(put)
    assert store.disk.slow()
    assert store.disk.state() == DiskState(free=1 << 30, reserve=RESERVE_BYTES, degraded=True, slow_commits=3)

"""The room on the disk: a floor for entries, and a reserve to get out."""

from __future__ import annotations

import shutil
from pathlib import Path

from opentrader.store import Store
from opentrader.store.sqlite import disk
from opentrader.store.sqlite.disk import DataDisk


def test_below_the_floor_there_is_no_room_for_entries(store: Store, data_dir: Path, free_bytes) -> None:
    room = DataDisk(data_dir)
    assert 0 < room.free() < shutil.disk_usage(data_dir).total
    free_bytes(disk.FLOOR_BYTES)
    assert room.roomy()
    free_bytes(disk.FLOOR_BYTES - 1)
    assert not room.roomy()


def test_the_reserve_takes_real_room_and_is_given_up_once(store: Store, data_dir: Path) -> None:
    room, reserve = DataDisk(data_dir), data_dir / disk.RESERVE
    assert reserve.stat().st_blocks * 512 >= disk.RESERVE_BYTES
    assert reserve.stat().st_mode & 0o777 == 0o600
    assert (room.release(), reserve.exists()) == (True, False)
    assert room.release() is False
    DataDisk(data_dir)
    assert reserve.exists()


def test_no_reserve_is_made_below_the_floor(store: Store, data_dir: Path, free_bytes) -> None:
    free_bytes(disk.FLOOR_BYTES + disk.RESERVE_BYTES - 1)
    assert DataDisk(data_dir).release() is False

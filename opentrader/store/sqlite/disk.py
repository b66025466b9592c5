"""Free space under the data folder: a floor for opening positions, and a reserve for closing them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from opentrader.store.sqlite.connection import storage_errors
from opentrader.store.sqlite.folder import make_private

FLOOR_BYTES = 500_000_000
RESERVE_BYTES = 16 << 20  # enough for thousands of commits
RESERVE = "opentrader.reserve"


class DataDisk:
    """`domain.trading.ports.Disk`. Fills the reserve of the data folder; raises `StorageError` when that fails."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        fill_reserve(data_dir)

    def roomy(self) -> bool:
        return self.free() >= FLOOR_BYTES

    def free(self) -> int:
        return free(self._data_dir)

    def release(self) -> bool:
        return release_reserve(self._data_dir)


def free(data_dir: Path) -> int:
    """Bytes that this user may still write."""
    return shutil.disk_usage(data_dir).free


def fill_reserve(data_dir: Path) -> None:
    """Allocate `RESERVE_BYTES`, unless that would leave less than the floor. Raises `StorageError`."""
    with storage_errors():
        if free(data_dir) < FLOOR_BYTES + RESERVE_BYTES:
            return
        descriptor = os.open(make_private(data_dir / RESERVE), os.O_RDWR | os.O_CLOEXEC)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        finally:
            os.close(descriptor)


def release_reserve(data_dir: Path) -> bool:
    """Delete the reserve so that the store can use its space; False when it is gone already."""
    try:
        (data_dir / RESERVE).unlink()
    except FileNotFoundError:
        return False
    return True

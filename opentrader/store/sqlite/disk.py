"""The room under the data folder: a floor below which no risk is taken on, and a reserve to get out of what is held."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from opentrader.store.sqlite.connection import storage_errors
from opentrader.store.sqlite.folder import make_private

FLOOR_BYTES = 500_000_000
RESERVE_BYTES = 16 << 20  # thousands of commits
RESERVE = "opentrader.reserve"


def free(data_dir: Path) -> int:
    """Bytes that we may still write."""
    return shutil.disk_usage(data_dir).free


def fill_reserve(data_dir: Path) -> None:
    """Occupy `RESERVE_BYTES`, unless that would go below the floor. Raises `StorageError`."""
    with storage_errors():
        if free(data_dir) < FLOOR_BYTES + RESERVE_BYTES:
            return
        descriptor = os.open(make_private(data_dir / RESERVE), os.O_RDWR | os.O_CLOEXEC)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        finally:
            os.close(descriptor)


def release_reserve(data_dir: Path) -> bool:
    """Hand the occupied room over to the store; False when there is none left to hand over."""
    try:
        (data_dir / RESERVE).unlink()
    except FileNotFoundError:
        return False
    return True

"""The disk under the data folder: its free space, its reserve, and how fast it commits."""

from __future__ import annotations

from pathlib import Path

from opentrader.domain.trading.ports import DiskState
from opentrader.store.sqlite import reserve
from opentrader.store.sqlite.connection import storage_errors
from opentrader.store.sqlite.pace import CommitPace
from opentrader.store.sqlite.reserve import RESERVE_BYTES, Reserve

FLOOR_BYTES = 500_000_000


class DataDisk:
    """`domain.trading.ports.Disk`."""

    def __init__(self, data_dir: Path, pace: CommitPace) -> None:
        self._data_dir, self._reserve, self._pace = data_dir, Reserve(data_dir), pace

    def roomy(self) -> bool:
        return self._reserve.held and reserve.free(self._data_dir) >= FLOOR_BYTES

    def slow(self) -> bool:
        return self._pace.degraded

    def state(self) -> DiskState:
        """For the status, which tells of a disk that does not answer, too: it has no room."""
        try:
            free = reserve.free(self._data_dir)
        except OSError:
            free = 0
        return DiskState(
            free=free,
            reserve=RESERVE_BYTES if self._reserve.held else 0,
            degraded=self._pace.degraded,
            slow_commits=self._pace.slow,
        )

    def keep_reserve(self) -> None:
        """Make the reserve again if there is room. Blocks; raises `StorageError` when the disk fails."""
        with storage_errors():
            self._reserve.fill()

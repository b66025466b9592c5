"""The write-ahead log's size: grown before anybody waits for it, emptied when nobody does.

A commit that makes the log longer must also sync its new size. So the log is filled with zeros at start and
every commit overwrites; SQLite takes zeros for the end of the log, as it does any frame with a wrong
checksum. A checkpoint moves the pages into the database file; then the log is written from its start again.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import apsw
from apsw import Connection

from opentrader.store.sqlite.connection import FAILED

logger = logging.getLogger(__name__)

GROWN_BYTES = 4 << 20
IDLE_FRAMES = 250  # worth a checkpoint when nobody waits
MOST_FRAMES = 900  # worth one even while somebody waits: 1018 frames of 4120 bytes fill GROWN_BYTES


def grow(connection: Connection) -> None:
    """Empty the log of `connection` and fill it with zeros up to `GROWN_BYTES`.

    Raises `apsw.Error` (another program holds the database) or `OSError` (disk full).
    """
    connection.wal_checkpoint("main", apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.execute("BEGIN IMMEDIATE")  # no other program writes to the log meanwhile
    try:
        with Path(connection.filename_wal).open("ab") as log:
            log.write(bytes(max(0, GROWN_BYTES - log.tell())))
            log.flush()
            os.fsync(log.fileno())
    finally:
        connection.execute("ROLLBACK")


class Checkpoints:
    """When to checkpoint. Lives on the writer thread and speaks for its connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._frames = 0  # in the log
        self._moved = 0  # of those, already in the database file
        connection.set_wal_hook(self._committed)

    @property
    def worthwhile(self) -> bool:
        return self._frames - self._moved >= IDLE_FRAMES

    @property
    def overdue(self) -> bool:
        return self._frames - self._moved >= MOST_FRAMES

    def run(self) -> None:
        """Move what no reader still needs. A failure is only logged, for the commits are safe in the log.

        Raises what tells that the disk failed (`connection.FAILED`).
        """
        try:
            self._frames, self._moved = self._connection.wal_checkpoint("main")  # PASSIVE: waits for nobody
        except FAILED:
            raise
        except apsw.Error as error:
            self._moved = self._frames  # not again before as many new frames
            logger.warning("checkpoint failed, the write-ahead log grows: %s", error)

    def _committed(self, connection: Connection, schema: str, frames: int) -> int:
        if frames < self._frames:  # the log was begun anew
            self._moved = 0
        self._frames = frames
        return apsw.SQLITE_OK

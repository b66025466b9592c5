"""The size of the write-ahead log: preallocated at start, kept, and checkpointed while no caller waits.

On a full disk commits go on as long as they fit into it. And a commit that extends the log must also sync its new size.
So the log is filled with zeros at start, and commits overwrite them; SQLite treats zeros as the end of the log, as it
does any frame with a wrong checksum. A checkpoint moves the pages into the database file; then the log is overwritten
from its start.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import apsw
from apsw import Connection

from opentrader.store.sqlite.connection import FAILED, WAL_BYTES
from opentrader.store.sqlite.reserve import NO_ROOM

logger = logging.getLogger(__name__)

IDLE_FRAMES = 250  # enough for a checkpoint while no caller waits
MOST_FRAMES = 900  # enough for one in any case: 1018 frames of 4120 bytes fill WAL_BYTES


def grow(connection: Connection) -> None:
    """Truncate the log of `connection` and fill it with zeros up to `WAL_BYTES`, or as far as a full disk lets it.

    Raises `apsw.Error` (another program holds the database) or `OSError` (the disk failed).
    """
    connection.wal_checkpoint("main", apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.execute("BEGIN IMMEDIATE")  # keeps other programs from writing to the log
    try:
        with Path(connection.filename_wal).open("ab", buffering=0) as log:
            log.write(bytes(max(0, WAL_BYTES - log.tell())))
            os.fsync(log.fileno())
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        logger.warning("the write-ahead log could not be allocated: %s", error)
    finally:
        connection.execute("ROLLBACK")


class Checkpoints:
    """Decides when to checkpoint. Used by the writer thread alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.commits = 0  # that wrote something
        self._frames = 0  # in the log
        self._moved = 0  # of these, already in the database file
        connection.set_wal_hook(self._committed)

    @property
    def worthwhile(self) -> bool:
        return self._frames - self._moved >= IDLE_FRAMES

    @property
    def overdue(self) -> bool:
        return self._frames - self._moved >= MOST_FRAMES

    def run(self) -> None:
        """Checkpoint the frames that no reader needs. A failure is logged only, because the commits are in the log.

        Raises the errors of a failed disk (`connection.FAILED`).
        """
        try:
            self._frames, self._moved = self._connection.wal_checkpoint("main")  # PASSIVE: does not wait for readers
        except FAILED:
            raise
        except apsw.Error as error:
            self._moved = self._frames  # retry only after as many new frames
            logger.warning("checkpoint failed; the write-ahead log keeps growing: %s", error)

    def _committed(self, connection: Connection, schema: str, frames: int) -> int:
        self.commits += 1
        if frames < self._frames:  # the log was restarted
            self._moved = 0
        self._frames = frames
        return apsw.SQLITE_OK

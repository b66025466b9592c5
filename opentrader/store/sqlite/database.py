"""The store as the rest of the program sees it: open, write, read, close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import BinaryIO, TypeVar

from apsw import Connection

from opentrader.store.sqlite import backup, folder, schema, wal
from opentrader.store.sqlite.connection import make_writer, open_untouched, storage_errors
from opentrader.store.sqlite.readers import Readers
from opentrader.store.sqlite.writer import OnFailed, Writer, unheard

T = TypeVar("T")


class Store:
    """The daemon's memory: `opentrader.db` in a data folder that this process alone uses."""

    def __init__(self, lock: BinaryIO, connection: Connection, path: Path, on_failed: OnFailed) -> None:
        self._lock = lock
        self._readers = Readers(path)
        self._writer = Writer(connection, on_failed)

    @classmethod
    def open(cls, data_dir: Path, on_failed: OnFailed = unheard) -> Store:
        """Claim the data folder, check the store in it (or make an empty one), bring it up to date. Blocks.

        A store of an earlier version is copied to `backups/` first. `on_failed` is called on some thread, with the
        reason, when the disk has failed and nothing will be written any more.

        Raises `ConfigError` for a folder that cannot be used or is in use, and for a file that is foreign,
        damaged or newer than the program: none of these changes the file. Raises `StorageError` when the disk
        fails or is full.
        """
        steps = schema.migrations()
        folder.prepare(data_dir)
        with ExitStack() as undo, storage_errors():
            lock = undo.enter_context(folder.claim(data_dir))
            path = folder.database(data_dir)
            connection = undo.enter_context(closing(open_untouched(path)))
            schema.refuse_unusable(connection, len(steps))
            make_writer(connection)
            if schema.outdated(connection, steps):
                backup.before_migration(connection, data_dir, schema.version(connection))
            schema.migrate(connection, steps)
            wal.grow(connection)
            undo.pop_all()
        return cls(lock, connection, path, on_failed)

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on the writer thread and return its result once the disk has what it wrote.

        Writes run in the order of the calls. Those that wait at the same time share one transaction, and so
        one sync, but each stands alone in it: if `fn` raises, its own changes are undone and the exception
        comes out here. `fn` must not begin or end transactions, must not return a cursor, and touches nothing
        but its connection. Cancelling the waiting task does not undo the write.
        Raises `StorageError` when nothing was kept (disk full, another program holds the file), `StorageFailed` when
        the disk failed, now or before, and `ShuttingDown` after `close`.
        """
        return await self._writer.write(fn)

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Return `fn(connection)`, whose connection only reads and shows one state of the store.

        Runs on the calling thread, whichever it is, and blocks it. `fn` must not return a cursor. Raises
        `StorageError` when the disk fails and `ShuttingDown` after `close`.
        """
        with self._readers.lend() as connection:
            return fn(connection)

    async def read_async(self, fn: Callable[[Connection], T]) -> T:
        """The same in a worker thread, for reads that are too long for the loop."""
        return await asyncio.to_thread(self.read, fn)

    def close(self) -> None:
        """Commit what waits, close the file and release the folder. Blocks; further calls do nothing."""
        self._readers.close()
        self._writer.close()
        self._lock.close()

"""The interface of the store: open, write, read, close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from apsw import Connection

from opentrader.domain.trading.ports import Disk
from opentrader.store.sqlite import backup, folder, schema, wal
from opentrader.store.sqlite.connection import make_writer, open_untouched, storage_errors
from opentrader.store.sqlite.disk import DataDisk
from opentrader.store.sqlite.pace import CommitPace
from opentrader.store.sqlite.readers import Readers
from opentrader.store.sqlite.reserve import Reserve
from opentrader.store.sqlite.writer import OnFailed, Writer, ignore_failure

T = TypeVar("T")


class Writes(Protocol):
    """Commits functions in the order of the calls; `Writer` does."""

    async def write(self, fn: Callable[[Connection], T], *, vital: bool = False, patient: bool = False) -> T: ...

    def close(self) -> None: ...


class Reads(Protocol):
    """Lends connections that see one snapshot of what is committed; `Readers` does."""

    def lend(self) -> AbstractContextManager[Connection]: ...

    def close(self) -> None: ...


class Closes(Protocol):
    def close(self) -> object: ...


class Store:
    """`opentrader.db` in a data folder that only this process uses, as long as `lock` is open; and its `disk`."""

    def __init__(self, writer: Writes, readers: Reads, lock: Closes, disk: Disk) -> None:
        self._writer, self._readers, self._lock, self.disk = writer, readers, lock, disk

    @classmethod
    def open(cls, data_dir: Path, on_failed: OnFailed = ignore_failure) -> Store:
        """Lock the data folder, check its store (or create an empty one) and migrate it. Blocks.

        A store of an earlier version is copied to `backups/` first. On a full disk the reserve is given up first.
        `on_failed` is called once, on any thread, with the reason, when the disk has failed and the store stops
        writing.

        Raises `ConfigError` for a folder that is unusable or in use, and for a file that is foreign, damaged or newer
        than the program; none of these changes the file. Raises `StorageError` when the disk fails or is full.
        """
        steps = schema.migrations()
        folder.prepare(data_dir)
        with ExitStack() as undo, storage_errors():
            lock = undo.enter_context(folder.claim(data_dir))
            reserve, pace = Reserve(data_dir), CommitPace()
            reserve.prepare()
            folder.sign(lock)
            path = folder.database(data_dir)
            connection = undo.enter_context(closing(open_untouched(path)))
            schema.refuse_unusable(connection, len(steps))
            make_writer(connection)
            if schema.outdated(connection, steps):
                backup.before_migration(connection, data_dir, schema.version(connection))
            schema.migrate(connection, steps)
            wal.grow(connection)
            undo.pop_all()
        return cls(Writer(connection, on_failed, reserve, pace), Readers(path), lock, DataDisk(data_dir, pace))

    async def write(
        self,
        fn: Callable[[Connection], T],
        also: Sequence[Callable[[Connection], object]] = (),
        *,
        vital: bool = False,
        patient: bool = False,
    ) -> T:
        """Run `fn`, then those in `also`, on the writer thread; return the result of `fn` once it is on the disk.

        Writes run in the order of the calls. Writes that wait at the same time share one transaction, and so one
        sync, but each can fail alone: if `fn` or one of `also` raises, all their changes are rolled back and the
        exception is raised here. The functions must not begin or end transactions, must not return a cursor, and
        touch nothing but their connection; after a failed commit they may run again. Cancelling the waiting task does
        not undo the write. A `vital` write reduces risk or records it: on a full disk it may use the reserve, and all
        others fail. A `patient` write waits a moment for others, whose commit it shares.
        Raises `StorageError` when nothing was stored (disk full, another program holds the file), `StorageFailed`
        when the disk has failed, now or before, and `ShuttingDown` after `close`.
        """
        return await self._writer.write(partial(_together, fn, also) if also else fn, vital=vital, patient=patient)

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Return `fn(connection)`; the connection is read-only and sees one snapshot of the store.

        Runs on the calling thread and blocks it. `fn` must not return a cursor. Raises `StorageError` when the disk
        fails and `ShuttingDown` after `close`.
        """
        with self._readers.lend() as connection:
            return fn(connection)

    async def read_async(self, fn: Callable[[Connection], T]) -> T:
        """`read` in a worker thread, for reads that would block the event loop too long."""
        return await asyncio.to_thread(self.read, fn)

    def close(self) -> None:
        """Commit the waiting writes, close the file and unlock the folder. Blocks; further calls do nothing."""
        self._readers.close()
        self._writer.close()
        self._lock.close()


def _together(
    fn: Callable[[Connection], T], also: Sequence[Callable[[Connection], object]], connection: Connection
) -> T:
    result = fn(connection)
    for other in also:
        other(connection)
    return result

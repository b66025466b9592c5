"""The writer thread: commits all waiting writes in one transaction, with one sync of the disk.

On a full disk a write that is not vital fails, and a vital one uses the reserve (`commit_within`).

After a failure of the disk the connection is not used again, not even for a checkpoint at close: every further write
is refused, and `on_failed` is called so that the process exits. Reopening the file shows what it holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic, perf_counter
from typing import Any, Protocol, TypeVar

import apsw
from apsw import Connection

from opentrader.errors import ShuttingDown, StorageFull
from opentrader.store.sqlite.connection import FAILED, UNAVAILABLE, storage_error
from opentrader.store.sqlite.pace import CommitPace
from opentrader.store.sqlite.reserve import Reserve
from opentrader.store.sqlite.wal import Checkpoints

T = TypeVar("T")

OnFailed = Callable[[str], object]

logger = logging.getLogger(__name__)


def ignore_failure(reason: str) -> None:
    """For callers that learn of a failed disk from their refused writes."""


PATIENCE_SECONDS = 0.05  # how long a patient write waits for others to share their commit
IDLE_SECONDS = 0.2  # after this long without a write, a checkpoint delays no caller


class Write:
    """A function for the next transaction, and the future that receives its outcome.

    A `vital` one reduces risk or records it: on a full disk it may use the reserve. A `patient` one may wait a moment
    for others, so that it costs no commit of its own.
    """

    __slots__ = ("error", "fn", "future", "patient", "result", "vital")

    def __init__(
        self, fn: Callable[[Connection], object], future: asyncio.Future[Any], *, vital: bool, patient: bool = False
    ) -> None:
        self.fn, self.future, self.vital, self.patient = fn, future, vital, patient
        self.result: object = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Wake the waiting task unless it was cancelled. Runs on the event loop of the future."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Owns `connection`; no other code may use it before `close` has returned.

    `on_failed` is called once, on the writer thread, with the reason, when the disk has failed. `pace` learns how long
    each commit took.
    """

    def __init__(self, connection: Connection, on_failed: OnFailed, reserve: Reserve, pace: CommitPace) -> None:
        self._connection = connection
        self._on_failed = on_failed
        self._reserve, self._pace = reserve, pace
        self._failure: Exception | None = None
        self._checkpoints = Checkpoints(connection)
        self._waiting: SimpleQueue[Write | None] = SimpleQueue()  # None: close
        self._gate = Lock()  # keeps writes from being queued after the None
        self._closed = False
        # A daemon thread: acknowledged commits are on the disk, so the exit of the process need not wait for it.
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, fn: Callable[[Connection], T], *, vital: bool = False, patient: bool = False) -> T:
        """Return the result of `fn(connection)` once it is on the disk; see `Store.write`."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._gate:
            if self._closed:
                raise ShuttingDown("the store is closed")
            self._waiting.put(Write(fn, future, vital=vital, patient=patient))
        return await future

    def close(self) -> None:
        """Commit the waiting writes, end the thread and close the connection. Blocks until then."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        closing = False
        while not closing:
            taken = self._take()
            closing = None in taken
            group = [write for write in taken if write is not None]
            self._commit(group)
            settle(group)
            if self._checkpoints.overdue:
                self._checkpoint()

    def _take(self) -> list[Write | None]:
        """Wait for a write, then take all waiting writes; checkpoint when no write arrives for a while."""
        try:
            first = self._waiting.get(timeout=IDLE_SECONDS if self._checkpoints.worthwhile else None)
        except Empty:
            self._checkpoint()
            first = self._waiting.get()
        taken = [first, *self._queued()]
        end = monotonic() + PATIENCE_SECONDS
        while all(write is not None and write.patient for write in taken) and (left := end - monotonic()) > 0:
            with suppress(Empty):
                taken += [self._waiting.get(timeout=left), *self._queued()]
        return taken

    def _queued(self) -> list[Write | None]:
        return [self._waiting.get() for _ in range(self._waiting.qsize())]

    def _commit(self, group: list[Write]) -> None:
        if self._failure is None:
            failure = commit_within(self._reserve, group, self._commit_timed)
            if isinstance(failure, FAILED):
                self._fail(failure)
            return
        for write in group:
            write.error = storage_error(self._failure)

    def _commit_timed(self, group: list[Write]) -> BaseException | None:
        """Commit; what changed nothing needs no sync, and tells nothing about the disk."""
        begun, commits = perf_counter(), self._checkpoints.commits
        failure = commit(self._connection, group)
        if self._checkpoints.commits > commits:
            self._pace.took(perf_counter() - begun)
        return failure

    def _checkpoint(self) -> None:
        if self._failure is not None:
            return
        try:
            self._checkpoints.run()
        except FAILED as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        logger.critical("the disk failed; the store stops writing: %s", error)
        self._on_failed(f"the disk failed: {error}")


class GivesRoom(Protocol):
    """A reserve of disk space; `Reserve` is one."""

    @property
    def held(self) -> bool: ...

    def release(self) -> bool: ...


def commit_within(
    reserve: GivesRoom, group: list[Write], commit: Callable[[list[Write]], BaseException | None]
) -> BaseException | None:
    """Commit the group, and on a full disk what is vital of it again: without the rest, then with the reserve.

    Without a reserve what is left of the disk is for vital writes alone. Returns the error of the last commit.
    """
    allowed = group if reserve.held else [write for write in group if write.vital]
    for write in group:
        if write not in allowed:
            write.error = StorageFull(
                "the disk is full; the space that is left is kept for exits",
                hint="Free some space under the data folder: closing and halting still work.",
            )
    failure = commit(allowed) if allowed else None
    if starved := _starved(allowed):
        failure = commit(starved)
    if (starved := _starved(starved)) and reserve.release():
        failure = commit(starved)
    return failure


def _starved(group: list[Write]) -> list[Write]:
    """The vital writes of the group that found no room."""
    return [write for write in group if write.vital and isinstance(write.error, StorageFull)]


def commit(connection: Connection, group: list[Write]) -> BaseException | None:
    """Run the group in one transaction. Returns the error if that fails; every write of the group fails with it.

    Nothing is stored then, except after a failure of the disk (`FAILED`): the reopened file may hold some of it.
    """
    run = call if len(group) == 1 else call_apart
    for write in group:
        write.error = None  # of an attempt without the reserve
    try:
        connection.execute("BEGIN IMMEDIATE")
        for write in group:
            run(connection, write)
        connection.execute("COMMIT")
    except BaseException as error:  # noqa: BLE001 - the callers get it; the thread must not die
        with suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        for write in group:
            write.error = write.error or storage_error(error)
        return error
    return None


def call(connection: Connection, write: Write) -> None:
    """Call the function and store its result, or its exception, which is also raised."""
    try:
        write.result = write.fn(connection)
    except BaseException as error:
        write.error = outcome(error)
        raise


def call_apart(connection: Connection, write: Write) -> None:
    """Call the function of one write of a group; if it raises, roll back this write alone.

    Raises when the disk failed, and when SQLite has rolled back the whole group, as it does on a full disk.
    """
    connection.execute("SAVEPOINT write")
    try:
        call(connection, write)
    except BaseException as error:
        if isinstance(error, FAILED) or not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO write")
    connection.execute("RELEASE write")


def outcome(error: BaseException) -> BaseException:
    """The exception that the caller gets for an exception in its function."""
    if isinstance(error, UNAVAILABLE):
        return storage_error(error)
    if isinstance(error, StopIteration):  # a future refuses it, and the caller would wait forever
        return RuntimeError("a write function raised StopIteration")
    return error


def settle(group: Iterable[Write]) -> None:
    """Wake every waiting task, with one wake-up per event loop."""
    loops: defaultdict[asyncio.AbstractEventLoop, list[Write]] = defaultdict(list)
    for write in group:
        loops[write.future.get_loop()].append(write)
    for loop, writes in loops.items():
        with suppress(RuntimeError):  # that loop is closed: no task is waiting
            loop.call_soon_threadsafe(settle_all, writes)


def settle_all(writes: Iterable[Write]) -> None:
    for write in writes:
        write.settle()

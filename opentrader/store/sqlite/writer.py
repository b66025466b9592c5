"""One thread writes, and commits whatever waits in one transaction: one sync of the disk for all of it.

When the disk has failed the connection is not used again, not even to close the file tidily: every further write is
refused, and whoever runs the process is told to end it. Opening the file anew is what finds out what it holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

import apsw
from apsw import Connection

from opentrader.errors import ShuttingDown
from opentrader.store.sqlite.connection import FAILED, UNAVAILABLE, storage_error
from opentrader.store.sqlite.wal import Checkpoints

T = TypeVar("T")

OnFailed = Callable[[str], object]

logger = logging.getLogger(__name__)


def unheard(reason: str) -> None:
    """Where nobody has to be told that the disk failed: the writes that are refused say it."""


IDLE_SECONDS = 0.2  # without a write for this long, nobody is kept waiting by a checkpoint


class Write:
    """A function to run in the next transaction, and the future that awaits its outcome on some loop."""

    __slots__ = ("error", "fn", "future", "result")

    def __init__(self, fn: Callable[[Connection], object], future: asyncio.Future[Any]) -> None:
        self.fn, self.future = fn, future
        self.result: object = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Wake the waiting task, unless it was cancelled. Runs on the future's loop."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Owns `connection` from here on; nobody else may use it before `close` has returned.

    `on_failed` is called once, on the writer's thread, with the reason, when the disk has failed.
    """

    def __init__(self, connection: Connection, on_failed: OnFailed) -> None:
        self._connection = connection
        self._on_failed = on_failed
        self._failure: Exception | None = None
        self._checkpoints = Checkpoints(connection)
        self._waiting: SimpleQueue[Write | None] = SimpleQueue()  # None: close
        self._gate = Lock()  # nothing gets into the queue behind the None
        self._closed = False
        # A daemon thread: acknowledged commits are on the disk, so it need not hold up a process's end.
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Await the durable outcome of `fn(connection)`; see `Store.write`."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._gate:
            if self._closed:
                raise ShuttingDown("the store is closed")
            self._waiting.put(Write(fn, future))
        return await future

    def close(self) -> None:
        """Commit what waits, end the thread and close the connection. Blocks its caller for that long."""
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
        """Wait for a write, then take all that wait; checkpoint if none comes for a while."""
        try:
            first = self._waiting.get(timeout=IDLE_SECONDS if self._checkpoints.worthwhile else None)
        except Empty:
            self._checkpoint()
            first = self._waiting.get()
        return [first, *(self._waiting.get() for _ in range(self._waiting.qsize()))]

    def _commit(self, group: list[Write]) -> None:
        if self._failure is None:
            failure = commit(self._connection, group)
            if isinstance(failure, FAILED):
                self._fail(failure)
            return
        for write in group:
            write.error = storage_error(self._failure)

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
        logger.critical("the disk failed, nothing is written any more: %s", error)
        self._on_failed(f"the disk failed: {error}")


def commit(connection: Connection, group: list[Write]) -> BaseException | None:
    """Run the group in one transaction. If that fails, so does every write in it; returns what failed it.

    Nothing of it is kept then, unless the disk failed (`FAILED`): some of it may be there when the file is opened anew.
    """
    run = call if len(group) == 1 else call_apart
    try:
        connection.execute("BEGIN IMMEDIATE")
        for write in group:
            run(connection, write)
        connection.execute("COMMIT")
    except BaseException as error:  # noqa: BLE001 - it goes to the callers; the thread must live on
        with suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        for write in group:
            write.error = write.error or storage_error(error)
        return error
    return None


def call(connection: Connection, write: Write) -> None:
    """Call the function and keep its result, or its exception, which is raised as well."""
    try:
        write.result = write.fn(connection)
    except BaseException as error:
        write.error = outcome(error)
        raise


def call_apart(connection: Connection, write: Write) -> None:
    """Call the function of one write among others, and if it raises undo it alone.

    Raises when the disk failed, and when SQLite has undone the whole group, as it does on a full disk.
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
    """What the caller gets to see of an exception in its function."""
    if isinstance(error, UNAVAILABLE):
        return storage_error(error)
    if isinstance(error, StopIteration):  # a future refuses it, and its caller would wait for ever
        return RuntimeError("a write function raised StopIteration")
    return error


def settle(group: Iterable[Write]) -> None:
    """Wake every waiting task, with one wake-up for each event loop."""
    loops: defaultdict[asyncio.AbstractEventLoop, list[Write]] = defaultdict(list)
    for write in group:
        loops[write.future.get_loop()].append(write)
    for loop, writes in loops.items():
        with suppress(RuntimeError):  # that loop was closed: nobody waits any more
            loop.call_soon_threadsafe(settle_all, writes)


def settle_all(writes: Iterable[Write]) -> None:
    for write in writes:
        write.settle()

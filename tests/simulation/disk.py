"""The disk: two SQLite databases in memory, and a writer whose commits take time, or fail, as the weather says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import apsw
from apsw import Connection

from opentrader.domain.trading.ports import DiskState
from opentrader.store.sqlite.pace import CommitPace
from opentrader.store.sqlite.reserve import RESERVE_BYTES
from opentrader.store.sqlite.writer import Write, commit, commit_within
from tests.simulation.loop import outside

COMMIT_BYTES = 32 << 10  # more than most need

T = TypeVar("T")


def in_memory() -> Connection:
    connection = Connection(":memory:")
    connection.pragma("foreign_keys", 1)
    return connection


class SimulatedReaders:
    """The writer's own connection: on one thread a reader is never in the middle of a commit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        yield self._connection

    def close(self) -> None:
        """The data outlive the daemon."""


class SimulatedDisk:
    """The port `Disk`, and the reserve. While it is `full()`, commits have no room but that of the reserve."""

    def __init__(self, full: Callable[[], bool] = lambda: False) -> None:
        self._full = full
        self.reserve = True
        self.room = 0  # bytes, once the reserve was released
        self.pace = CommitPace()

    # --- the reserve, as the writer sees it

    @property
    def held(self) -> bool:
        self.keep_reserve()
        return self.reserve

    def release(self) -> bool:
        had, self.reserve = self.reserve, False
        self.room += RESERVE_BYTES * had
        return had

    def take(self) -> bool:
        """Room for one more commit, if there is any."""
        if self._full():
            if self.room < COMMIT_BYTES:
                return False
            self.room -= COMMIT_BYTES
        return True

    # --- the port

    def roomy(self) -> bool:
        return self.held and not self._full()

    def slow(self) -> bool:
        return self.pace.degraded

    def state(self) -> DiskState:
        free = self.room if self._full() else 1 << 40
        return DiskState(free, RESERVE_BYTES * self.reserve, self.pace.degraded, self.pace.slow)

    def keep_reserve(self) -> None:
        if not self._full():
            self.reserve, self.room = True, 0


class SimulatedWriter:
    """Commits what waits, as the real writer does, `seconds()` later, if the disk has room for it."""

    def __init__(
        self,
        connection: Connection,
        loop: asyncio.AbstractEventLoop,
        disk: SimulatedDisk,
        *,
        seconds: Callable[[], float],
        committed: Callable[[], object] = lambda: None,
    ) -> None:
        self._connection, self._loop, self._disk = connection, loop, disk
        self._seconds, self._committed = seconds, committed
        self._waiting: list[Write] = []
        self._under_way: list[Write] = []
        self._begun, self._changes = 0.0, 0
        self._context = outside()
        connection.set_commit_hook(self._room)

    async def write(self, fn: Callable[[Connection], T], *, vital: bool = False, patient: bool = False) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(Write(fn, future, vital=vital, patient=patient))
        if not self._under_way:
            self._begin()
        return await future

    def forget(self) -> None:
        """The process died: what waits was never handed to the disk. What is under way may get there."""
        self._waiting.clear()

    def replace(self, content: Connection) -> None:
        """The file is another one now; what was under way went to the one before."""
        self._waiting.clear()
        self._under_way.clear()
        with self._connection.backup("main", content, "main") as copying:
            copying.step()

    def copy(self) -> Connection:
        """The file as it is now."""
        copied = in_memory()
        with copied.backup("main", self._connection, "main") as copying:
            copying.step()
        return copied

    def close(self) -> None:
        """The data outlive the daemon."""

    def _begin(self) -> None:
        self._under_way, self._waiting = self._waiting, []
        self._begun = self._loop.time()
        self._loop.call_later(self._seconds(), self._commit, context=self._context)

    def _commit(self) -> None:
        group, self._under_way = self._under_way, []
        if commit_within(self._disk, group, self._attempt) is None:
            self._committed()
        for write in group:
            write.settle()
        if self._waiting and not self._under_way:
            self._begin()

    def _attempt(self, group: list[Write]) -> BaseException | None:
        self._changes = self._connection.total_changes()
        failure = commit(self._connection, group)
        if self._connection.total_changes() > self._changes:
            self._disk.pace.took(self._loop.time() - self._begun)
        return failure

    def _room(self) -> bool:
        """Called before each commit: what changes something needs room."""
        if self._connection.total_changes() > self._changes and not self._disk.take():
            raise apsw.FullError("database or disk is full")
        return False

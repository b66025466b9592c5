"""The disk: two SQLite databases in memory, and a writer whose commits take time, or fail, as the weather says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import apsw
from apsw import Connection

from opentrader.store.sqlite.connection import storage_error
from opentrader.store.sqlite.writer import Write, commit
from tests.simulation.loop import outside

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


class SimulatedWriter:
    """Commits what waits, as the real writer does, `seconds()` later. While `full()`, every commit fails."""

    def __init__(
        self,
        connection: Connection,
        loop: asyncio.AbstractEventLoop,
        *,
        seconds: Callable[[], float],
        full: Callable[[], bool] = lambda: False,
        committed: Callable[[], object] = lambda: None,
    ) -> None:
        self._connection, self._loop = connection, loop
        self._seconds, self._full, self._committed = seconds, full, committed
        self._waiting: list[Write] = []
        self._under_way: list[Write] = []
        self._context = outside()

    async def write(self, fn: Callable[[Connection], T]) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(Write(fn, future))
        if not self._under_way:
            self._begin()
        return await future

    def forget(self) -> None:
        """The process died: what waits was never handed to the disk. What is under way may get there."""
        self._waiting.clear()

    def close(self) -> None:
        """The data outlive the daemon."""

    def _begin(self) -> None:
        self._under_way, self._waiting = self._waiting, []
        self._loop.call_later(self._seconds(), self._commit, context=self._context)

    def _commit(self) -> None:
        group, self._under_way = self._under_way, []
        if self._full():
            for write in group:
                write.error = storage_error(apsw.FullError("database or disk is full"))
        else:
            commit(self._connection, group)
            self._committed()
        for write in group:
            write.settle()
        if self._waiting and not self._under_way:
            self._begin()


class SimulatedDisk:
    """The port `Disk`: room enough unless the disk is full, and one reserve."""

    def __init__(self, full: Callable[[], bool]) -> None:
        self._full = full
        self.reserve = True

    def roomy(self) -> bool:
        return not self._full()

    def free(self) -> int:
        return 0 if self._full() else 1 << 40

    def release(self) -> bool:
        had, self.reserve = self.reserve, False
        return had

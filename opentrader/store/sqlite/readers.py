"""Read-only connections, lent to one caller at a time and kept for the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from apsw import Connection

from opentrader.errors import ShuttingDown
from opentrader.store.sqlite.connection import open_reader, storage_errors


class Readers:
    """As many connections as there ever were reads at the same time. Any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[Connection] = deque()
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """A connection in a transaction: all that is read through it is one state of the store."""
        connection = self._take()
        try:
            with storage_errors(), connection:
                yield connection
        finally:
            self._idle.append(connection)
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close the idle connections now, and lent ones when they come back."""
        self._closed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _take(self) -> Connection:
        if self._closed:
            raise ShuttingDown("the store is closed")
        try:
            return self._idle.pop()
        except IndexError:
            with storage_errors():
                return open_reader(self._path)

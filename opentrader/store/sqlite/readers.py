"""A pool of read-only connections."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from apsw import Connection

from opentrader.errors import ShuttingDown
from opentrader.store.sqlite.connection import open_reader, storage_errors


class Readers:
    """Grows to the largest number of simultaneous reads. Any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[Connection] = deque()
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """A connection in a transaction, so that all its reads see one snapshot of the store."""
        connection = self._take()
        try:
            with storage_errors(), connection:
                yield connection
        finally:
            self._idle.append(connection)
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close the idle connections now, and the lent ones when they are returned."""
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

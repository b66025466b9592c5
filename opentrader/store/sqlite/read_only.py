"""Reads of a data folder from outside, whether or not its daemon runs. Nothing in the folder changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import apsw

from opentrader.store.sqlite.connection import open_reader, storage_error, storage_errors
from opentrader.store.sqlite.folder import DATABASE

T = TypeVar("T")


def read_store(data_dir: Path, read: Callable[[apsw.Connection], T]) -> T | None:
    """Return `read(connection)`, None where there is no store. Raises `StorageError` for an unreadable store."""
    database = data_dir / DATABASE
    if not database.is_file():
        return None
    try:
        with storage_errors(), closing(_open(database)) as connection:
            return read(connection)
    except apsw.SQLError as error:  # the file has no tables of ours
        raise storage_error(error) from error


def _open(database: Path) -> apsw.Connection:
    """A store that no process has open has no WAL; it is read as an immutable file, so that SQLite creates none."""
    if database.with_name(f"{database.name}-wal").exists():
        return open_reader(database)
    uri = f"{database.absolute().as_uri()}?immutable=1"
    return apsw.Connection(uri, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)

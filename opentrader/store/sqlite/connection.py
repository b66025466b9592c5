"""How the store opens SQLite; every setting is listed with its reason."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
from apsw import Connection

from opentrader.errors import ConfigError, StorageError, StorageFailed, StorageFull

WAL_BYTES = 4 << 20  # the size of the write-ahead log, which is kept allocated
APPLICATION_ID = 0x4F545244  # "OTRD" in the file's header: whose file this is

# How long a statement waits for the lock of another program (a backup, the sqlite3 shell).
BUSY_MILLISECONDS = 5_000

EVERY_CONNECTION = (
    # References between tables hold at run time; SQLite leaves them unchecked unless asked.
    ("foreign_keys", 1),
    # A manipulated schema must not call functions with side effects.
    ("trusted_schema", 0),
    # An I/O error under a memory map ends the process (SIGBUS); without one it is an exception.
    ("mmap_size", 0),
)
WRITER = (
    # Readers never wait for the writer, and a commit is one sequential write and one sync.
    ("journal_mode", "wal"),
    # Sync the WAL at every commit, so that acknowledged writes survive a power cut. NORMAL may lose them.
    ("synchronous", "full"),
    # On macOS a plain fsync stops at the disk's cache. No effect elsewhere.
    ("fullfsync", 1),
    # Automatic checkpoints would run inside a commit with a waiting caller; the writer runs them when it is idle.
    ("wal_autocheckpoint", 0),
    # A log that grew while readers or a full disk delayed its checkpoint returns to its size.
    ("journal_size_limit", WAL_BYTES),
)
SWITCHES = (
    # SQL cannot damage the file itself (writable_schema, journal_mode=off and similar).
    apsw.SQLITE_DBCONFIG_DEFENSIVE,
)
NO_SWITCHES = (
    # A "name" in double quotes is never taken for a text when no such column exists.
    apsw.SQLITE_DBCONFIG_DQS_DML,
    apsw.SQLITE_DBCONFIG_DQS_DDL,
)

# Failures of the disk, the file or a lock, as opposed to a wrong statement.
UNAVAILABLE = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.NotADBError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.ReadOnlyError,
)


def open_reader(path: Path) -> Connection:
    """A read-only connection. The writer must be open, because it maintains the index of the WAL."""
    return _connect(path, apsw.SQLITE_OPEN_READONLY)


def open_untouched(path: Path) -> Connection:
    """A connection to inspect the existing file `path`; closing it leaves the file and its WAL unchanged."""
    connection = _connect(path, apsw.SQLITE_OPEN_READWRITE)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    return connection


def make_writer(connection: Connection) -> None:
    """Turn the connection of `open_untouched` into the writer, after its file has passed the checks."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
    _apply(connection, WRITER)
    if connection.pragma("journal_mode") != "wal":
        raise ConfigError(
            f"the file system under {connection.filename} cannot hold a write-ahead log",
            hint="Choose a data folder on a local disk.",
        )


# After these errors the contents of the disk are unknown: a failed sync may drop pages that look written (fsyncgate).
FAILED = (apsw.CorruptError, apsw.IOError, apsw.NotADBError)


def storage_error(error: BaseException) -> StorageError:
    """The error that the store raises for a failing disk, file or lock."""
    if isinstance(error, FAILED):
        return StorageFailed(
            f"the disk failed: {error}",
            hint="The write may or may not be stored. The daemon exits: after its restart check, then retry.",
        )
    full = isinstance(error, apsw.FullError) or getattr(error, "errno", None) == errno.ENOSPC
    return (StorageFull if full else StorageError)(
        f"the store is not available: {error}",
        hint="Check the free space and the health of the disk under the data folder.",
    )


@contextmanager
def storage_errors() -> Iterator[None]:
    """Raise `StorageError` in place of the exceptions of SQLite and the system."""
    try:
        yield
    except (*UNAVAILABLE, OSError) as error:
        raise storage_error(error) from error


def _connect(path: Path, flags: int) -> Connection:
    connection = Connection(str(path), flags)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    for switch in SWITCHES:
        connection.config(switch, 1)
    for switch in NO_SWITCHES:
        connection.config(switch, 0)
    _apply(connection, EVERY_CONNECTION)
    return connection


def _apply(connection: Connection, policy: Iterable[tuple[str, int | str]]) -> None:
    for name, value in policy:
        connection.pragma(name, value)

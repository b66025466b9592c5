"""How the store opens SQLite. Every setting is one decision and stands with its reason."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
from apsw import Connection

from opentrader.errors import ConfigError, StorageError, StorageFailed, StorageFull

APPLICATION_ID = 0x4F545244  # "OTRD" in the file's header: whose file this is

# How long a statement waits for a lock that another program (a backup, the sqlite3 shell) holds.
BUSY_MILLISECONDS = 5_000

EVERY_CONNECTION = (
    # References between tables hold at run time; SQLite leaves them unchecked unless asked.
    ("foreign_keys", 1),
    # A schema that was tampered with may not call functions with side effects.
    ("trusted_schema", 0),
    # An I/O error under a memory map ends the process (SIGBUS); without one it is an exception.
    ("mmap_size", 0),
)
WRITER = (
    # Readers never wait for the writer, and a commit is one sequential write and one sync.
    ("journal_mode", "wal"),
    # Sync the WAL at every commit: what was acknowledged survives a power cut. NORMAL may lose it.
    ("synchronous", "full"),
    # On macOS a plain fsync stops at the disk's cache; elsewhere this changes nothing.
    ("fullfsync", 1),
    # SQLite would checkpoint inside a commit that somebody waits for; the writer chooses a better moment.
    ("wal_autocheckpoint", 0),
)
SWITCHES = (
    # SQL cannot damage the file itself (writable_schema, journal_mode=off and the like).
    apsw.SQLITE_DBCONFIG_DEFENSIVE,
)
NO_SWITCHES = (
    # "name" in double quotes is never silently text when no such column exists.
    apsw.SQLITE_DBCONFIG_DQS_DML,
    apsw.SQLITE_DBCONFIG_DQS_DDL,
)

# The disk, the file or a lock failed, as opposed to a statement that was wrong.
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
    """A connection that can only read. The writer's must be open: it keeps the WAL's index."""
    return _connect(path, apsw.SQLITE_OPEN_READONLY)


def open_untouched(path: Path) -> Connection:
    """A connection to look at the existing file `path`: closing it leaves file and WAL as they were found."""
    connection = _connect(path, apsw.SQLITE_OPEN_READWRITE)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    return connection


def make_writer(connection: Connection) -> None:
    """Turn the connection of `open_untouched`, whose file was found good, into the one that writes."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
    _apply(connection, WRITER)
    if connection.pragma("journal_mode") != "wal":
        raise ConfigError(
            f"the file system under {connection.filename} cannot hold a write-ahead log",
            hint="Choose a data folder on a local disk.",
        )


# After these nobody knows what the disk holds: a failed sync may have dropped pages that look written (fsyncgate).
FAILED = (apsw.CorruptError, apsw.IOError, apsw.NotADBError)


def storage_error(error: BaseException) -> StorageError:
    """What a failing disk, file or lock is called outside the store."""
    if isinstance(error, FAILED):
        return StorageFailed(
            f"the disk failed: {error}",
            hint="What was asked for may be kept or not. The daemon ends, and its next start looks: ask again then.",
        )
    full = isinstance(error, apsw.FullError) or getattr(error, "errno", None) == errno.ENOSPC
    return (StorageFull if full else StorageError)(
        f"the store is not available: {error}",
        hint="Check the free space and the health of the disk under the data folder.",
    )


@contextmanager
def storage_errors() -> Iterator[None]:
    """Raise `StorageError` in place of SQLite's and the system's own words for it."""
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

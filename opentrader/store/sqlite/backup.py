"""Backups: each is a complete store that can replace the original. They are in `backups/`, readable by us alone."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import apsw
from apsw import Connection

from opentrader.errors import StorageError
from opentrader.store.sqlite import reserve
from opentrader.store.sqlite.connection import open_reader, storage_errors
from opentrader.store.sqlite.disk import FLOOR_BYTES
from opentrader.store.sqlite.folder import DATABASE, make_private, sync

BACKUPS = "backups"
KEPT = 24  # hourly backups; the ones made before a migration stay until the operator deletes them


def before_migration(connection: Connection, data_dir: Path, version: int) -> Path:
    """Back up the store before its migration from `version`. Raises the errors of SQLite and the system."""
    return _copy(connection, data_dir, f"version-{version}.db")


def hourly(data_dir: Path, at: int) -> Path:
    """Back up the store at this Unix second, whether or not its daemon runs, and delete all but the last `KEPT`.

    Blocks for the whole copy; writers continue meanwhile. Raises `StorageError` when the disk fails, or when the
    backup would leave less than `FLOOR_BYTES` free, which trading needs.
    """
    stamp = f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}"
    with storage_errors(), closing(open_reader(data_dir / DATABASE)) as connection:
        _refuse_crowding(connection, data_dir)
        made = _copy(connection, data_dir, f"hourly-{stamp}.db")
        others = sorted(backup for backup in made.parent.glob("hourly-*.db") if backup != made)
        for old in others[: 1 - KEPT]:  # not the one just made, which sorts first after the clock was set back
            old.unlink()
    return made


def _copy(source: Connection, data_dir: Path, name: str) -> Path:
    """Rename the copy only when it is complete and synced, so that a partial copy is never mistaken for a backup."""
    folder = data_dir / BACKUPS
    folder.mkdir(mode=0o700, exist_ok=True)
    part = make_private(folder / f"{name}.part")
    try:
        _write(source, part)
        part.replace(folder / name)
    finally:
        part.unlink(missing_ok=True)
    sync(folder)
    return folder / name


def _refuse_crowding(source: Connection, data_dir: Path) -> None:
    size = source.pragma("page_count") * source.pragma("page_size")
    if reserve.free(data_dir) - size < FLOOR_BYTES:
        raise StorageError("not enough free space for a backup", hint=f"Free some space under {data_dir}.")


def _write(source: Connection, part: Path) -> None:
    """In one step, which reads one snapshot: in several, a commit between them would restart the copy."""
    with closing(Connection(str(part), apsw.SQLITE_OPEN_READWRITE)) as target:
        target.pragma("journal_mode", "memory")  # a failed copy is deleted, so it needs no rollback
        target.pragma("synchronous", "full")
        with target.backup("main", source, "main") as backup:
            backup.step(-1)
    sync(part)

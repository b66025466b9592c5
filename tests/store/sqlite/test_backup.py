"""Copies that can take the store's place, and the room on the disk."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.errors import StorageError
from opentrader.store import Connection, Store
from opentrader.store.sqlite import backup, disk, schema
from opentrader.store.tables import settings
from opentrader.store.tables.journal import JournalTable
from opentrader.store.verification import verify_audit

AT = 1_700_000_000  # 2023-11-14T22:13:20Z


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def restored(copy: Path, into: Path) -> Store:
    """What the manual says: put the copy in the store's place."""
    into.mkdir()
    shutil.copy(copy, into / "opentrader.db")
    return Store.open(into)


# --- every hour ------------------------------------------------------------------------------------------------------


async def test_a_copy_is_a_store_with_all_that_was_committed(
    store: Store, data_dir: Path, tmp_path: Path, entering: Callable[..., Trade]
) -> None:
    await JournalTable(store).save(entering("T1"), "sent", 1)
    copy = backup.hourly(data_dir, AT)
    await JournalTable(store).save(entering("T2"), "sent", 2)
    assert copy == data_dir / "backups" / "hourly-20231114T221320Z.db"
    second = restored(copy, tmp_path / "restored")
    assert JournalTable(second).load(0) == [entering("T1")]
    second.close()
    report = verify_audit(tmp_path / "restored")
    assert report is not None
    assert (report.events, report.faults) == (1, ())


async def test_a_copy_holds_what_only_the_log_has(store: Store, data_dir: Path, tmp_path: Path) -> None:
    await store.write(partial(settings.put, key="k", text="v"))
    assert (data_dir / "opentrader.db-wal").stat().st_size
    second = restored(backup.hourly(data_dir, AT), tmp_path / "restored")
    assert second.read(partial(settings.get, key="k")) == "v"
    second.close()


def test_copies_are_private_and_nothing_else_is_left(store: Store, data_dir: Path) -> None:
    copy = backup.hourly(data_dir, AT)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]
    assert (mode(copy.parent), mode(copy)) == (0o700, 0o600)


def test_a_day_of_copies_is_kept(store: Store, data_dir: Path) -> None:
    older = data_dir / "backups" / "version-1.db"
    backup.hourly(data_dir, AT)
    older.touch()
    made = [backup.hourly(data_dir, AT + 3600 * hour) for hour in range(1, backup.KEPT + 3)]
    assert sorted(older.parent.glob("hourly-*")) == made[-backup.KEPT :]
    assert older.exists()


def test_k24_a_copy_made_after_the_clock_was_set_back_is_kept(store: Store, data_dir: Path) -> None:
    earlier = [backup.hourly(data_dir, AT + 3600 * hour) for hour in range(backup.KEPT)]
    newest = backup.hourly(data_dir, AT - 365 * 86_400)
    assert sorted(newest.parent.glob("hourly-*")) == [newest, *earlier[1:]]


def test_trading_needs_the_room_more(store: Store, data_dir: Path, free_bytes: Callable[[int], None]) -> None:
    size = store.read(lambda connection: connection.pragma("page_count") * connection.pragma("page_size"))
    free_bytes(disk.FLOOR_BYTES + size - 1)
    with pytest.raises(StorageError, match="free space"):
        backup.hourly(data_dir, AT)
    assert not (data_dir / "backups").exists()
    free_bytes(disk.FLOOR_BYTES + size)
    assert backup.hourly(data_dir, AT).exists()


async def test_a_copy_that_fails_is_no_copy(store: Store, data_dir: Path, no_writing) -> None:
    backup.hourly(data_dir, AT)
    with no_writing(beyond=8192), pytest.raises(StorageError):
        backup.hourly(data_dir, AT + 3600)
    assert [path.name for path in (data_dir / "backups").iterdir()] == ["hourly-20231114T221320Z.db"]


def test_without_a_store_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        backup.hourly(tmp_path, AT)
    assert list(tmp_path.iterdir()) == []


# --- before a migration ----------------------------------------------------------------------------------------------


def old_store(data_dir: Path) -> None:
    data_dir.mkdir()
    connection = apsw.Connection(str(data_dir / "opentrader.db"))
    schema.migrate(connection, schema.migrations()[:1])
    settings.put(connection, "k", "of version 1")
    connection.close()


def version(connection: Connection) -> int:
    return int(connection.pragma("user_version"))


def test_an_old_store_is_copied_then_brought_up_to_date(data_dir: Path) -> None:
    old_store(data_dir)
    store = Store.open(data_dir)
    assert store.read(version) == len(schema.migrations())
    assert store.read(partial(settings.get, key="k")) == "of version 1"
    store.close()
    copy = data_dir / "backups" / "version-1.db"
    assert mode(copy) == 0o600
    connection = apsw.Connection(str(copy))
    assert (version(connection), settings.get(connection, "k")) == (1, "of version 1")
    connection.close()


def test_a_store_that_cannot_be_copied_is_not_migrated(data_dir: Path) -> None:
    old_store(data_dir)
    (data_dir / "backups").write_text("in the way")
    with pytest.raises(StorageError):
        Store.open(data_dir)
    connection = apsw.Connection(str(data_dir / "opentrader.db"))
    assert version(connection) == 1
    connection.close()


def test_a_new_store_and_one_of_today_are_not_copied(data_dir: Path) -> None:
    Store.open(data_dir).close()
    Store.open(data_dir).close()
    assert not (data_dir / "backups").exists()


# --- the room --------------------------------------------------------------------------------------------------------

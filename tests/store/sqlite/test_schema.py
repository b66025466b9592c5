"""A foreign, damaged or too new file is refused and left as it is; an old one is brought up to date."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import apsw
import pytest

from opentrader.errors import ConfigError, StorageError
from opentrader.store import Store
from opentrader.store.sqlite import connection as policy
from opentrader.store.sqlite import schema
from opentrader.store.sqlite.connection import APPLICATION_ID
from opentrader.store.tables import settings


def database(data_dir: Path) -> Path:
    return data_dir / "opentrader.db"


def contents(data_dir: Path) -> dict[str, bytes]:
    """What the database and its log hold; looking at a database may make an empty log."""
    files = (path for path in data_dir.iterdir() if path.suffix in {".db", ".db-wal"})
    return {path.name: path.read_bytes() for path in files if path.stat().st_size}


def refused(data_dir: Path, match: str) -> ConfigError:
    before = contents(data_dir)
    with pytest.raises(ConfigError, match=match) as refusal:
        Store.open(data_dir)
    assert contents(data_dir) == before
    assert refusal.value.hint.startswith("Nothing was changed.")
    return refusal.value


def foreign(data_dir: Path, application_id: int, *, tables: bool) -> None:
    data_dir.mkdir()
    connection = apsw.Connection(str(database(data_dir)))
    connection.pragma("application_id", application_id)
    if tables:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def fill(connection: apsw.Connection) -> None:
    for number in range(400):
        settings.put(connection, f"key {number}", "x" * 500)


def damage(path: Path) -> None:
    """Overwrite all but the first two pages: the header and the schema stay readable."""
    size = path.stat().st_size
    assert size > 4 * 4096
    with path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\xa5" * (size - 2 * 4096))


def test_a_new_store_is_stamped_and_in_the_newest_version(store: Store) -> None:
    assert store.read(lambda connection: connection.pragma("application_id")) == APPLICATION_ID
    assert store.read(lambda connection: connection.pragma("user_version")) == len(schema.migrations())


@pytest.mark.parametrize(("application_id", "tables"), [(0, True), (77, True), (77, False)])
def test_another_program_s_database_is_refused(data_dir: Path, application_id: int, tables: bool) -> None:
    foreign(data_dir, application_id, tables=tables)
    refused(data_dir, "not a store of opentrader")


def test_a_file_that_is_no_database_is_refused(data_dir: Path) -> None:
    data_dir.mkdir()
    database(data_dir).write_bytes(b"these are somebody's notes, " * 300)
    refused(data_dir, "not a store of opentrader")


def test_a_newer_store_is_refused(data_dir: Path) -> None:
    Store.open(data_dir).close()
    connection = apsw.Connection(str(database(data_dir)))
    connection.pragma("user_version", 4711)
    connection.close()
    refused(data_dir, "4711")


async def test_a_damaged_store_is_refused(data_dir: Path) -> None:
    store = Store.open(data_dir)
    await store.write(fill)
    store.close()
    damage(database(data_dir))
    assert "backup" in refused(data_dir, "damaged").hint


async def test_a_damaged_store_keeps_its_log_too(data_dir: Path, tmp_path: Path) -> None:
    """The log may hold the only good copy of a page: closing the file must not move it over the evidence."""
    store = Store.open(data_dir)
    await store.write(fill)
    store.close()
    store = Store.open(data_dir)
    await store.write(lambda connection: settings.put(connection, "last", "words"))
    crashed = shutil.copytree(data_dir, tmp_path / "crashed")
    store.close()
    damage(database(crashed))
    refused(crashed, "damaged")


async def test_a_truncated_store_is_refused(data_dir: Path) -> None:
    store = Store.open(data_dir)
    await store.write(fill)
    store.close()
    with database(data_dir).open("r+b") as file:
        file.truncate(3 * 4096)
    refused(data_dir, "damaged")


def test_a_store_locked_by_another_program_is_a_storage_error(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(data_dir).close()
    other = apsw.Connection(str(database(data_dir)))
    other.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(policy, "BUSY_MILLISECONDS", 0)
    with pytest.raises(StorageError, match="locked"):
        Store.open(data_dir)
    other.close()
    Store.open(data_dir).close()


@pytest.mark.parametrize("room", [0, 100, 1 << 20], ids=["the lock", "the tables", "the log"])
def test_a_disk_that_is_full_at_the_first_start_is_a_storage_error(data_dir: Path, no_writing, room: int) -> None:
    with no_writing(beyond=room), pytest.raises(StorageError):
        Store.open(data_dir)
    Store.open(data_dir).close()


def test_the_migrations_are_numbered_without_a_gap() -> None:
    names = sorted(file.name for file in (resources.files(schema.__package__) / "migrations").iterdir())
    numbers = [int(name[:4]) for name in names if name.endswith(".sql")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_migrations_run_once_and_in_order() -> None:
    connection = apsw.Connection(":memory:")
    first = "CREATE TABLE seen (x); INSERT INTO seen VALUES (1) RETURNING x; INSERT INTO seen VALUES (4);"
    schema.migrate(connection, [first])
    schema.migrate(connection, [first, "INSERT INTO seen VALUES (2);", "INSERT INTO seen VALUES (3);"])
    assert connection.execute("SELECT x FROM seen ORDER BY rowid").get == [1, 4, 2, 3]
    assert connection.pragma("user_version") == 3


def test_a_migration_that_fails_leaves_nothing_behind() -> None:
    connection = apsw.Connection(":memory:")
    with pytest.raises(apsw.SQLError):
        schema.migrate(connection, ["CREATE TABLE a (x);", "CREATE TABLE b (x); DROP TABLE missing;"])
    assert connection.pragma("user_version") == 1
    assert connection.execute("SELECT name FROM sqlite_schema").get == "a"

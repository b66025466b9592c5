"""A look into a data folder from outside changes nothing there."""

from __future__ import annotations

import os
from pathlib import Path

import apsw
import pytest

from opentrader.errors import StorageError
from opentrader.store import Store
from opentrader.store.sqlite import schema
from opentrader.store.sqlite.read_only import read_store


def version(connection: apsw.Connection) -> int:
    return schema.version(connection)


def test_beside_a_daemon_and_without_one(data_dir: Path) -> None:
    store = Store.open(data_dir)
    beside = read_store(data_dir, version)
    store.close()
    before = sorted(os.listdir(data_dir))
    assert read_store(data_dir, version) == beside == len(schema.migrations())
    assert sorted(os.listdir(data_dir)) == before


def test_where_no_store_is_there_is_nothing_to_see(tmp_path: Path) -> None:
    assert read_store(tmp_path, version) is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_our_tables_is_a_storage_error(data_dir: Path) -> None:
    data_dir.mkdir()
    apsw.Connection(str(data_dir / "opentrader.db")).execute("CREATE TABLE other (x)")
    with pytest.raises(StorageError):
        read_store(data_dir, lambda connection: list(connection.execute("SELECT * FROM events")))

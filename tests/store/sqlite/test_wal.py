"""The write-ahead log: grown at start, emptied when nobody waits, and bounded."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import apsw
import pytest

from opentrader.errors import StorageError
from opentrader.store import Connection, Store
from opentrader.store.sqlite import wal, writer
from opentrader.store.sqlite.connection import WAL_BYTES, make_writer, open_untouched
from opentrader.store.tables import settings

PAGE = "x" * 4000  # a row of this length fills a page


def fill(connection: Connection, rows: int) -> None:
    for number in range(rows):
        settings.put(connection, f"row {number}", PAGE)


def group(connection: Connection, rows: int) -> None:
    with connection:
        fill(connection, rows)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Connection]:
    """A writing connection without a store around it, and a table for `fill`."""
    path = tmp_path / "alone.db"
    path.touch()
    connection = open_untouched(path)
    make_writer(connection)
    connection.execute("CREATE TABLE choices (key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
    yield connection
    connection.close()


def size(connection: Connection) -> int:
    return Path(connection.filename_wal).stat().st_size


async def test_commits_overwrite_the_log_that_was_grown_at_start(store: Store, data_dir: Path) -> None:
    log = data_dir / "opentrader.db-wal"
    assert log.stat().st_size == WAL_BYTES
    assert not any(log.read_bytes())
    for number in range(20):
        await store.write(partial(settings.put, key="k", text=str(number)))
    assert log.stat().st_size == WAL_BYTES
    assert any(log.read_bytes())


@pytest.mark.parametrize(("number", "starts"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False)])
def test_a_disk_too_full_for_the_log_stops_no_start(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, number: int, starts: bool
) -> None:
    def refused(descriptor: int) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(os, "fsync", refused)
    if starts:
        Store.open(data_dir).close()
    else:
        with pytest.raises(StorageError, match="refused"):
            Store.open(data_dir)


async def test_a_store_copied_in_mid_flight_has_every_commit(store: Store, data_dir: Path, tmp_path: Path) -> None:
    """The zeros behind the last frame, and older frames behind it, are no commits."""
    for number in range(3):
        await store.write(partial(fill, rows=wal.MOST_FRAMES))  # the log is begun anew in between
        await store.write(partial(settings.put, key="k", text=str(number)))
    copy = Store.open(shutil.copytree(data_dir, tmp_path / "copy"))
    assert copy.read(partial(settings.get, key="k")) == "2"
    rows = copy.read(lambda connection: connection.execute("SELECT count(*) FROM choices").get)
    assert rows == wal.MOST_FRAMES + 1
    copy.close()


async def test_under_steady_writing_the_log_stays_bounded(store: Store, data_dir: Path) -> None:
    for _ in range(12):
        await store.write(partial(fill, rows=500))  # 6000 frames, six times the log
    assert (data_dir / "opentrader.db-wal").stat().st_size < 2 * WAL_BYTES


async def test_an_idle_writer_checkpoints(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = threading.Event()
    monkeypatch.setattr(writer, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(wal.Checkpoints, "run", lambda self: ran.set())
    await store.write(partial(settings.put, key="k", text="little"))
    assert not ran.is_set()
    await store.write(partial(fill, rows=wal.IDLE_FRAMES))
    assert await asyncio.to_thread(ran.wait, 60)


def test_a_checkpoint_is_worthwhile_and_then_overdue(alone: Connection) -> None:
    checkpoints = wal.Checkpoints(alone)
    seen = []
    for rows in (10, wal.IDLE_FRAMES, wal.MOST_FRAMES):
        group(alone, rows)
        seen.append((checkpoints.worthwhile, checkpoints.overdue))
    assert seen == [(False, False), (True, False), (True, True)]
    checkpoints.run()
    assert (checkpoints.worthwhile, checkpoints.overdue) == (False, False)
    assert size(alone) > WAL_BYTES
    group(alone, wal.IDLE_FRAMES)
    assert checkpoints.worthwhile  # the frames of the log that was begun anew are counted from its start
    assert size(alone) == WAL_BYTES  # and it is as large as it should be again


def test_a_reader_holds_up_a_checkpoint_but_no_commit(alone: Connection) -> None:
    checkpoints = wal.Checkpoints(alone)
    reader = apsw.Connection(alone.filename)
    reader.execute("BEGIN; SELECT * FROM choices")
    group(alone, wal.MOST_FRAMES)
    checkpoints.run()
    assert checkpoints.overdue
    reader.execute("ROLLBACK")
    checkpoints.run()
    assert not checkpoints.worthwhile
    reader.close()


def test_a_failing_checkpoint_is_reported_and_waits_for_as_many_new_frames(
    alone: Connection, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy:  # with another program's checkpoint
        def wal_checkpoint(self, name: str) -> tuple[int, int]:
            raise apsw.BusyError("database is locked")

    checkpoints = wal.Checkpoints(alone)
    group(alone, wal.MOST_FRAMES)
    monkeypatch.setattr(checkpoints, "_connection", Busy())
    with caplog.at_level(logging.WARNING):
        checkpoints.run()
    monkeypatch.undo()
    assert "checkpoint failed" in caplog.text
    assert not checkpoints.worthwhile
    group(alone, wal.IDLE_FRAMES)
    assert checkpoints.worthwhile
    checkpoints.run()
    assert not checkpoints.worthwhile
    assert alone.execute("SELECT count(*) FROM choices").get == wal.MOST_FRAMES

"""Events of old trades on files: nothing is lost, and whoever touches a file is found out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from opentrader.errors import StorageError
from opentrader.store import Store, archive
from opentrader.store.archive import archive_events
from opentrader.store.sqlite import disk
from opentrader.store.tables import archives, events, journal
from opentrader.store.verification import AuditReport, verify_audit
from tests.store.given import finished

YEAR = 365 * 86_400_000


@pytest.fixture
async def traded(store: Store, entering: Any, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Ten trades, one event after the other, the last two of them open; a file is worth it for eight events."""
    monkeypatch.setattr(archive, "LEAST", 8)
    for number in range(8):
        await finished(store, entering(f"T{number}"), YEAR + number)
    await finished(store, entering("T8"), None)
    await finished(store, entering("T9"), None)
    return store


def report_of(data_dir: Path) -> AuditReport:
    report = verify_audit(data_dir)
    assert report is not None
    return report


def files(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "archive").iterdir())


async def test_k19_old_events_go_to_sealed_files_that_the_verification_knows(traded: Store, data_dir: Path) -> None:
    before = traded.read(lambda connection: list(events.since(connection, 0)))
    first = await archive_events(traded, data_dir, 3 * YEAR)
    second = await archive_events(traded, data_dir, 3 * YEAR)
    assert await archive_events(traded, data_dir, 3 * YEAR) is None
    assert first is not None
    assert second is not None
    assert (first.count, second.count) == (8, 8)
    assert [path.stat().st_mode & 0o777 for path in files(data_dir)] == [0o600, 0o600]
    left = {event.seq for event in traded.read(lambda connection: list(events.since(connection, 0)))}
    moved = {row.seq for one in (first, second) for row in archive.read(data_dir, one)}
    assert left | moved == set(range(1, len(before) + 3))
    assert not left & moved
    report = report_of(data_dir)
    assert (report.events, report.faults) == (len(before) + 2, ())
    assert all(traded.read(partial(journal.trade, id=key)) for key in ("T0", "T7"))


async def test_k19_a_year_is_kept(traded: Store, data_dir: Path) -> None:
    assert await archive_events(traded, data_dir, 2 * YEAR + 2) is None  # three trades, six events: not worth a file
    assert await archive_events(traded, data_dir, 2 * YEAR + 3) is not None
    assert await archive_events(traded, data_dir, 2 * YEAR + 3) is None


TOUCHED: dict[str, tuple[Callable[[Path], object], str]] = {
    "removed": (lambda path: path.unlink(), "cannot be read: No such file or directory"),
    "changed": (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"x"), "was changed"),
    "emptied": (lambda path: path.write_bytes(b""), "was changed"),
}


@pytest.mark.parametrize(("touch", "said"), TOUCHED.values(), ids=TOUCHED)
async def test_k19_a_file_that_was_touched_is_named(
    traded: Store, data_dir: Path, touch: Callable[[Path], object], said: str
) -> None:
    await archive_events(traded, data_dir, 3 * YEAR)
    (file,) = files(data_dir)
    touch(file)
    report = report_of(data_dir)
    assert report.faults[:2] == (f"archive/{file.name} {said}", "event 1 is missing or was changed")


async def test_k19_a_row_that_tells_of_another_file_is_named(traded: Store, data_dir: Path) -> None:
    sealed = await archive_events(traded, data_dir, 3 * YEAR)
    assert sealed is not None
    forged = f"UPDATE archives SET sha256 = '{'0' * 64}'"
    await traded.write(lambda c: [list(c.execute(sql)) for sql in ("DROP TRIGGER archives_are_never_changed", forged)])
    _, seq = traded.read(archives.all_of)[0]
    assert f"the row of archive/{sealed.file} does not match event {seq}" in report_of(data_dir).faults


async def test_k19_it_is_found_if_the_verification_knows_no_files(
    traded: Store, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive_events(traded, data_dir, 3 * YEAR)
    monkeypatch.setattr(archive, "read", lambda folder, sealed: iter(()))
    assert report_of(data_dir).broken_at == 1


async def test_k19_it_is_found_if_events_go_without_a_file(
    traded: Store, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_put", lambda folder, name, content: None)
    await archive_events(traded, data_dir, 3 * YEAR)
    assert "cannot be read" in report_of(data_dir).faults[0]


async def test_a_process_that_ends_between_file_and_commit_loses_nothing(
    traded: Store, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ending:
        ending.setattr(archives, "remove", _ends)
        with pytest.raises(RuntimeError, match="the process ended"):
            await archive_events(traded, data_dir, 3 * YEAR)
    assert report_of(data_dir).faults == ()
    (orphan,) = files(data_dir)
    sealed = await archive_events(traded, data_dir, 3 * YEAR)
    assert sealed is not None
    assert files(data_dir) == [orphan]
    assert (orphan.name, report_of(data_dir).faults) == (sealed.file, ())


def _ends(connection: object, **named: object) -> None:
    raise RuntimeError("the process ended")


async def test_a_disk_without_room_keeps_the_events_in_the_store(
    traded: Store, data_dir: Path, free_bytes: Callable[[int], None]
) -> None:
    free_bytes(disk.FLOOR_BYTES)
    with pytest.raises(StorageError, match="not enough free space"):
        await archive_events(traded, data_dir, 3 * YEAR)
    assert not (data_dir / "archive").exists()
    assert report_of(data_dir).faults == ()


async def test_a_file_that_cannot_be_written_is_no_file(traded: Store, data_dir: Path, no_writing: Any) -> None:
    with no_writing(), pytest.raises(StorageError):
        await archive_events(traded, data_dir, 3 * YEAR)
    assert files(data_dir) == []
    assert report_of(data_dir).faults == ()

"""The disk is looked after while the daemon runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest

from opentrader.errors import StorageFailed
from opentrader.store import Store, upkeep
from opentrader.store.sqlite import pace
from opentrader.store.sqlite.disk import DataDisk
from opentrader.store.sqlite.folder import DATABASE
from opentrader.store.sqlite.reserve import Reserve
from opentrader.store.tables import settings
from tests.store.given import PAGE, overwrite_page
from tests.waiting import until


@asynccontextmanager
async def kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(upkeep, "CHECK_SECONDS", 0.01)
    task = asyncio.create_task(upkeep.keep_disk(store))
    yield
    assert not task.done()
    task.cancel()


async def test_damage_in_what_grows_is_found_while_the_store_is_used(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the events takes too long at a start."""
    monkeypatch.setattr(upkeep, "CALM_SECONDS", 0.0)
    told: asyncio.Queue[str] = asyncio.Queue()
    with closing(Store.open(data_dir)) as store:
        await upkeep.check_whole(store, told.put_nowait)
    assert told.empty()
    overwrite_page(data_dir, "events")
    with closing(Store.open(data_dir)) as store:
        task = asyncio.create_task(upkeep.look_after(store, told.put_nowait))
        reason = await told.get()
        task.cancel()
        await asyncio.wait([task])
    assert reason.startswith("the store is damaged: ")
    assert "backup" in reason


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        pytest.param(0, "file is not a database", id="header"),
        pytest.param(100, "database disk image is malformed", id="schema"),
    ],
)
async def test_a_file_that_is_unreadable_ends_the_daemon(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, place: int, reason: str
) -> None:
    """Such a read says as much about the disk as a commit that fails."""
    monkeypatch.setattr(upkeep, "CALM_SECONDS", 0.0)
    told = list[str]()
    with closing(Store.open(data_dir)) as store:
        with (data_dir / DATABASE).open("r+b") as file:
            file.seek(place)
            file.write(b"\xff" * (PAGE - place))
        await upkeep.check_whole(store, told.append)
    (text,) = told
    assert text.startswith(f"the disk failed: {reason}. Copy the data folder")


async def test_a_store_that_cannot_be_read_is_not_called_damaged(
    data_dir: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "CALM_SECONDS", 0.0)
    told = list[str]()
    store = Store.open(data_dir)
    store.close()
    await upkeep.check_whole(store, told.append)
    assert (told, "could not be checked" in caplog.text) == ([], True)


async def test_the_reserve_is_made_again(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Reserve(tmp_path / "data").release()
    async with kept(store, monkeypatch):
        await until(lambda: store.disk.state().reserve)


async def test_a_disk_that_is_fast_again_is_noticed_without_a_request(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as slow:
        slow.setattr(pace, "SLOW_SECONDS", -1.0)
        for number in range(3):
            await store.write(partial(settings.put, key="k", text=str(number)))
    version = store.read(lambda connection: connection.pragma("user_version"))
    assert store.disk.slow()
    async with kept(store, monkeypatch):
        await until(lambda: not store.disk.slow())
    assert store.read(lambda connection: connection.pragma("user_version")) == version


async def test_a_disk_that_cannot_be_checked_is_checked_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = 0

    def broken(disk: DataDisk) -> None:
        nonlocal checks
        checks += 1
        raise StorageFailed("the disk failed")

    monkeypatch.setattr(DataDisk, "keep_reserve", broken)
    async with kept(store, monkeypatch):
        await until(lambda: checks >= 3)

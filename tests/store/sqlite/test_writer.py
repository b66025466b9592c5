"""One writer: what waits is committed together, and each caller gets its own outcome."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from opentrader.errors import ShuttingDown, StorageError, StorageFailed, StorageFull
from opentrader.store import Connection, Store
from opentrader.store.sqlite import writer
from opentrader.store.sqlite.reserve import Reserve
from opentrader.store.sqlite.writer import Write, commit_within
from opentrader.store.tables import settings


def put(store: Store, key: str, text: str = "x") -> asyncio.Task[None]:
    return asyncio.create_task(store.write(partial(settings.put, key=key, text=text)))


def keys(store: Store) -> list[str]:
    return store.read(lambda connection: [key for (key,) in connection.execute("SELECT key FROM choices")])


async def count_commits(store: Store) -> list[str]:
    """A list that grows with every transaction that is committed from now on."""
    commits: list[str] = []

    def committed() -> bool:
        commits.append(threading.current_thread().name)
        return False

    await store.write(lambda connection: connection.set_commit_hook(committed))
    commits.clear()  # that write's own
    return commits


async def test_a_write_returns_what_its_function_returns(store: Store) -> None:
    def change(connection: Connection) -> tuple[str, str]:
        return settings.keep(connection, "k", "v"), threading.current_thread().name

    assert await store.write(change) == ("v", "store-writer")
    assert keys(store) == ["k"]


async def test_all_that_wait_share_one_commit(store: Store, busy_writer) -> None:
    commits = await count_commits(store)
    async with busy_writer():
        tasks = [put(store, f"{number:02}") for number in range(64)]
    await asyncio.gather(*tasks)
    assert commits == ["store-writer"] * 2  # the write that was held, and one for all those behind it
    assert keys(store) == [f"{number:02}" for number in range(64)]


async def test_writes_that_do_not_wait_for_each_other_are_committed_one_by_one(store: Store) -> None:
    commits = await count_commits(store)
    for number in range(5):
        await put(store, str(number))
        assert len(commits) == number + 1  # committed before it was acknowledged


async def test_a_patient_write_shares_the_commit_of_the_next_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 60.0)
    commits = await count_commits(store)
    waiting = [asyncio.create_task(store.write(partial(settings.put, key=key, text="x"), patient=True)) for key in "ab"]
    await asyncio.sleep(0.1)
    assert commits == []
    await asyncio.gather(put(store, "c"), *waiting)
    assert (len(commits), keys(store)) == (1, ["a", "b", "c"])


async def test_a_patient_write_is_committed_alone_where_no_other_comes(store: Store) -> None:
    commits = await count_commits(store)
    await store.write(partial(settings.put, key="k", text="x"), patient=True)
    assert (len(commits), keys(store)) == (1, ["k"])


async def test_the_end_of_the_store_waits_for_nobody(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 60.0)
    store = Store.open(data_dir)
    waiting = asyncio.create_task(store.write(partial(settings.put, key="k", text="x"), patient=True))
    await asyncio.sleep(0)
    await asyncio.to_thread(store.close)
    await waiting


async def test_writes_run_in_the_order_of_the_calls(store: Store, busy_writer) -> None:
    async with busy_writer():
        tasks = [put(store, "k", str(number)) for number in range(20)]
    await asyncio.gather(*tasks)
    assert store.read(lambda connection: settings.get(connection, "k")) == "19"


async def test_nothing_is_visible_before_it_is_committed(store: Store, busy_writer) -> None:
    async with busy_writer():
        tasks = [put(store, "early"), asyncio.create_task(store.write(lambda connection: keys(store)))]
    assert await asyncio.gather(*tasks) == [None, []]
    assert keys(store) == ["early"]


async def test_a_raising_function_fails_and_is_undone_alone(store: Store, busy_writer) -> None:
    def fail(connection: Connection) -> None:
        settings.put(connection, "half", "done")
        raise LookupError("mine")

    commits = await count_commits(store)
    async with busy_writer():
        tasks = [put(store, "a"), asyncio.create_task(store.write(fail)), put(store, "b")]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), LookupError, type(None)]
    assert (keys(store), len(commits)) == (["a", "b"], 2)  # one of them was the write that was held


@pytest.mark.parametrize("error", [LookupError("mine"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
async def test_a_lone_function_that_raises_is_undone_and_the_writer_lives(store: Store, error: BaseException) -> None:
    def fail(connection: Connection) -> None:
        settings.put(connection, "half", "done")
        raise error

    future = asyncio.ensure_future(catch(store, fail))
    assert await future is error
    await put(store, "next")
    assert keys(store) == ["next"]


async def catch(store: Store, fn) -> BaseException | None:
    try:
        await store.write(fn)
    except BaseException as error:  # noqa: BLE001 - the caught error is the result
        return error
    return None


async def test_stop_iteration_reaches_its_caller(store: Store) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.write(lambda connection: next(connection.execute("SELECT 1 WHERE 0")))


async def test_a_wrong_statement_is_not_called_a_storage_error(store: Store) -> None:
    with pytest.raises(apsw.SQLError):
        await store.write(lambda connection: connection.execute("SELECT nonsense"))


async def test_a_function_that_ends_the_transaction_fails_and_the_writer_lives(store: Store) -> None:
    with pytest.raises(StorageError):
        await store.write(lambda connection: list(connection.execute("ROLLBACK")))
    await put(store, "next")
    assert keys(store) == ["next"]


async def quota(store: Store, pages: int) -> None:
    """Let the database file grow by `pages` and no more."""
    await store.write(lambda connection: connection.pragma("max_page_count", connection.pragma("page_count") + pages))


async def test_a_full_disk_fails_the_write_and_keeps_what_was_acknowledged(store: Store) -> None:
    await put(store, "before")
    await quota(store, 2)
    with pytest.raises(StorageError, match="full") as failure:
        await put(store, "large", "x" * 100_000)
    assert failure.value.retry_after == 5
    assert keys(store) == ["before"]
    await quota(store, 1_000)
    await put(store, "large", "x" * 100_000)
    assert keys(store) == ["before", "large"]


async def test_on_a_full_disk_a_group_keeps_just_what_it_acknowledges(store: Store, busy_writer) -> None:
    await quota(store, 2)
    async with busy_writer():
        tasks = [put(store, "a"), put(store, "large", "x" * 100_000), put(store, "z")]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    outcomes = dict(zip(("a", "large", "z"), results, strict=True))
    assert isinstance(outcomes["large"], StorageError)
    assert keys(store) == [key for key, outcome in outcomes.items() if outcome is None]
    assert all(outcome is None or isinstance(outcome, StorageError) for outcome in outcomes.values())


# --- what a full disk is for


class Room:
    """A reserve without a disk."""

    def __init__(self, held: bool) -> None:
        self.held = held

    def release(self) -> bool:
        had, self.held = self.held, False
        return had


FULL = "database or disk is full"


class Attempts:
    """Commits as a full disk: `spares` tells for which groups it has room; for all once the reserve is released."""

    def __init__(self, room: Room, spares: Callable[[str], bool] = lambda names: False) -> None:
        self.room, self.spares, self.made = room, spares, list[str]()

    def __call__(self, group: list[Write]) -> BaseException | None:
        names = "".join(sorted(str(write.fn(None)) for write in group))  # type: ignore[arg-type]  # a name, no change
        self.made.append(names)
        fits = self.spares(names) or not self.room.held
        for write in group:
            write.error = None if fits else StorageFull(FULL)
        return None if fits else apsw.FullError(FULL)


def told(room: Room, attempts: Attempts, names: str) -> str:
    """The names of the writes that were committed; a capital is a vital one."""
    group = [Write(lambda connection, name=name: name, None, vital=name.isupper()) for name in names]  # type: ignore[arg-type, misc]  # nobody waits
    commit_within(room, group, attempts)
    assert all(isinstance(write.error, StorageFull | None) for write in group)
    return "".join(name for name, write in zip(names, group, strict=True) if write.error is None)


def test_a_disk_with_room_stores_everything_at_once() -> None:
    room = Room(held=True)
    attempts = Attempts(room, lambda names: True)
    assert (told(room, attempts, "aBc"), attempts.made, room.held) == ("aBc", ["Bac"], True)


def test_on_a_full_disk_only_what_is_vital_gets_the_reserve() -> None:
    room = Room(held=True)
    attempts = Attempts(room)
    assert (told(room, attempts, "ac"), attempts.made, room.held) == ("", ["ac"], True)
    assert (told(room, attempts, "aBcD"), room.held) == ("BD", False)
    assert attempts.made[1:] == ["BDac", "BD", "BD"]


def test_what_is_vital_does_not_take_the_reserve_for_the_sake_of_the_rest() -> None:
    room = Room(held=True)
    attempts = Attempts(room, str.isupper)
    assert (told(room, attempts, "aB"), room.held) == ("B", True)


def test_without_a_reserve_nothing_else_is_even_tried() -> None:
    room = Room(held=False)
    attempts = Attempts(room)
    assert (told(room, attempts, "ac"), attempts.made) == ("", [])
    assert (told(room, attempts, "aBc"), attempts.made) == ("B", ["B"])


async def test_a_vital_write_on_a_full_disk_releases_the_reserve(
    store: Store, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def release(reserve: Reserve) -> bool:
        limit.pragma("max_page_count", 1_000_000)
        return released(reserve)

    released = Reserve.release
    limit = await store.write(lambda connection: connection)
    monkeypatch.setattr(Reserve, "release", release)
    await quota(store, 2)
    large = partial(settings.put, key="large", text="x" * 100_000)
    with pytest.raises(StorageFull):
        await store.write(large)
    assert store.disk.state().reserve
    await store.write(large, vital=True)
    assert not store.disk.state().reserve
    with pytest.raises(StorageFull, match="exits"):
        await put(store, "small")
    await store.write(partial(settings.put, key="small", text="x"), vital=True)
    store.disk.keep_reserve()
    await put(store, "later")
    assert keys(store) == ["large", "later", "small"]


async def test_after_a_failed_disk_nothing_is_written_until_the_file_is_opened_anew(data_dir: Path, no_writing) -> None:
    told: list[str] = []
    store = Store.open(data_dir, told.append)
    await put(store, "before")
    with no_writing(), pytest.raises(StorageFailed):
        await put(store, "a")
    for key in ("b", "c"):  # the disk is well again, but what it holds is not known
        with pytest.raises(StorageFailed):
            await put(store, key)
    assert len(told) == 1
    assert "the disk failed" in told[0]
    assert keys(store) == ["before"]
    log = data_dir / "opentrader.db-wal"
    as_it_was = log.read_bytes()
    store.close()
    assert log.read_bytes() == as_it_was  # not even tidied up
    reopened = Store.open(data_dir)
    await put(reopened, "next")
    assert {"before", "next"} <= set(keys(reopened))
    reopened.close()


async def test_a_function_whose_disk_failed_takes_its_whole_group_with_it(store: Store, busy_writer) -> None:
    def fail(connection: Connection) -> None:
        raise apsw.IOError("the disk failed")

    async with busy_writer():
        tasks = [put(store, "a"), asyncio.create_task(store.write(fail)), put(store, "z")]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [StorageFailed] * 3
    assert keys(store) == []


async def test_a_failed_commit_fails_its_whole_group_and_keeps_nothing(
    store: Store, data_dir: Path, busy_writer, no_writing
) -> None:
    await put(store, "before")
    with no_writing():
        async with busy_writer():
            tasks = [put(store, key) for key in ("a", "b", "c")]
        failures = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(failure) for failure in failures] == [StorageFailed] * 3
    assert len({id(failure) for failure in failures}) == 3  # a shared one would mix up the tracebacks
    assert keys(store) == ["before"]
    store.close()
    reopened = Store.open(data_dir)
    assert keys(reopened) == ["before"]
    reopened.close()


async def test_a_lock_held_by_another_program_is_a_storage_error(store: Store, data_dir: Path) -> None:
    await store.write(lambda connection: connection.set_busy_timeout(0))
    other = apsw.Connection(str(data_dir / "opentrader.db"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        await put(store, "a")
    other.execute("ROLLBACK")
    other.close()
    await put(store, "b")
    assert keys(store) == ["b"]


async def test_a_cancelled_caller_does_not_undo_its_write(store: Store, busy_writer) -> None:
    async with busy_writer():
        cancelled, other = put(store, "cancelled"), put(store, "other")
        await asyncio.sleep(0)
        cancelled.cancel()
    await other
    assert cancelled.cancelled()
    assert keys(store) == ["cancelled", "other"]


def test_a_caller_whose_loop_is_gone_harms_nobody(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        settings.put(connection, "orphan", "x")
        begun.set()
        assert go_on.wait(60)

    async def leave() -> None:
        task = asyncio.create_task(store.write(hold))
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()

    asyncio.run(leave())
    go_on.set()

    async def stay() -> None:
        await put(store, "next")

    asyncio.run(stay())
    assert keys(store) == ["next", "orphan"]


async def test_nothing_is_left_to_do_when_close_returns(store: Store, data_dir: Path) -> None:
    await put(store, "k")
    store.close()
    assert "store-writer" not in {thread.name for thread in threading.enumerate()}
    left = ["opentrader.db", "opentrader.lock", "opentrader.reserve"]  # the log was moved into the first
    assert sorted(os.listdir(data_dir)) == left


async def test_close_commits_what_waits_and_refuses_what_comes(store: Store, data_dir: Path, busy_writer) -> None:
    async with busy_writer():
        tasks = [put(store, str(number)) for number in range(3)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(store.close))
    await asyncio.gather(*tasks, closing)
    with pytest.raises(ShuttingDown):
        await put(store, "late")
    with pytest.raises(ShuttingDown):
        keys(store)
    store.close()
    reopened = Store.open(data_dir)
    assert keys(reopened) == ["0", "1", "2"]
    reopened.close()

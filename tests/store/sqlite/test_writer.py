"""One writer: what waits is committed together, and each caller gets its own outcome."""

from __future__ import annotations

import asyncio
import os
import threading
from functools import partial
from pathlib import Path

import apsw
import pytest

from opentrader.errors import ShuttingDown, StorageError, StorageFailed
from opentrader.store import Connection, Store
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
    assert sorted(os.listdir(data_dir)) == ["opentrader.db", "opentrader.lock"]  # the log was moved into it


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

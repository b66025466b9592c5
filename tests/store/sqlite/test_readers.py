"""Reads: read-only, one state of the store each, from any thread."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import apsw
import pytest

from opentrader.errors import ShuttingDown, StorageError
from opentrader.store import Connection, Store
from opentrader.store.tables import settings

look = partial(settings.get, key="k")


def write(store: Store, text: str) -> None:
    """Write from a thread that has no loop."""
    asyncio.run(store.write(partial(settings.put, key="k", text=text)))


def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(StorageError, match="readonly"):
        store.read(lambda connection: settings.put(connection, "k", "v"))
    assert store.read(look) is None


def test_a_read_sees_one_state_from_its_first_statement_to_its_last(store: Store) -> None:
    write(store, "old")

    def twice(connection: Connection) -> tuple[str | None, str | None]:
        first = look(connection)
        write(store, "new")
        return first, look(connection)

    assert store.read(twice) == ("old", "old")
    assert store.read(look) == "new"


def test_a_read_that_raises_gives_its_connection_back(store: Store) -> None:
    seen: list[Connection] = []

    def fail(connection: Connection) -> None:
        seen.append(connection)
        raise LookupError

    with pytest.raises(LookupError):
        store.read(fail)
    store.read(seen.append)
    assert seen[0] is seen[1]


def test_reads_at_the_same_time_have_connections_of_their_own(store: Store) -> None:
    seen: list[Connection] = []

    def nested(connection: Connection) -> None:
        seen.append(connection)
        thread = threading.Thread(target=store.read, args=(seen.append,))
        thread.start()
        thread.join()

    store.read(nested)
    assert seen[0] is not seen[1]


async def test_read_async_leaves_the_loop_free(store: Store) -> None:
    go_on = threading.Event()

    def wait(connection: Connection) -> str:
        assert go_on.wait(60)
        return threading.current_thread().name

    reading = asyncio.create_task(store.read_async(wait))
    await store.write(partial(settings.put, key="k", text="v"))  # the loop turns while the read waits
    go_on.set()
    assert await reading != threading.current_thread().name


def test_close_waits_for_no_read_and_spoils_none(store: Store) -> None:
    write(store, "v")

    lent: list[Connection] = []

    def close_meanwhile(connection: Connection) -> str | None:
        lent.append(connection)
        store.close()
        return look(connection)

    assert store.read(close_meanwhile) == "v"
    with pytest.raises(apsw.ConnectionClosedError):
        look(lent[0])
    with pytest.raises(ShuttingDown):
        store.read(look)

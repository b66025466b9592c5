"""A store in a fresh folder, a writer thread that can be made to wait, and a disk that fails."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from opentrader.store import Connection, Store


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    opened = Store.open(data_dir)
    yield opened
    opened.close()


@pytest.fixture
def busy_writer(store: Store):
    """`async with busy_writer():` what is written inside waits, and is committed as one group at its end."""

    @asynccontextmanager
    async def busy() -> AsyncIterator[None]:
        begun, go_on = threading.Event(), threading.Event()

        def hold(connection: Connection) -> None:
            begun.set()
            assert go_on.wait(60)

        held = asyncio.create_task(store.write(hold))
        assert await asyncio.to_thread(begun.wait, 60)
        try:
            yield
            await asyncio.sleep(0)  # the tasks made inside take their first step, which queues their writes
        finally:
            go_on.set()
        await held

    return busy


@pytest.fixture
def no_writing():
    """`with no_writing():` no file of this process can be written (EFBIG), as on a disk that is full or gone.

    `no_writing(beyond=size)` spares the first bytes of each file.
    """

    @contextmanager
    def limited(beyond: int = 0) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (beyond, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited

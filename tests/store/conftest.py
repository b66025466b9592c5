"""A store in a fresh folder, a writer thread that can be made to wait, a disk that fails, and a trade to keep."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from opentrader.domain.trading.lifecycle.records import Intent, Leg, Trade, planned
from opentrader.store import Connection, Store, archive
from opentrader.store.sqlite import reserve
from opentrader.store.tables.audit import AuditTable
from opentrader.store.tables.journal import JournalTable
from tests.store.given import CLOSED, ENTRY


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


@pytest.fixture
def entering() -> Callable[..., Trade]:
    """`entering("T1")`: a trade whose entry is on its way; its client ids are made of its id."""

    def make(id: str, symbol: str = "BTCUSDT") -> Trade:
        levels = (Decimal("0.10"), Decimal("60000.5"), Decimal(59000), Decimal("63000.00"))
        intent = Intent(id, "limit", symbol, "buy", *levels, ttl_at=0, created_at=1_700_000_000_000, instance="aB3x")
        qty, _, sl, tp = levels
        entry = Leg(f"MT_{id}", "E", 1, "SENT", qty, sl, tp, 1_700_000_000_001, 1_700_000_015_001)
        return planned(intent).with_leg(entry)

    return make


@pytest.fixture
def free_bytes(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def set_to(free: int) -> None:
        for user in (reserve, archive):
            monkeypatch.setattr(user, "free", lambda data_dir: free)

    return set_to


@pytest.fixture
async def full(store: Store, entering: Callable[..., Trade]) -> Store:
    """Six events: an open trade, a finished one, and what was asked."""
    journal, log = JournalTable(store), AuditTable(store)
    await journal.save(entering("T1"), "sent", 1)
    await log.append(ENTRY)
    await journal.save(entering("T2"), "sent", 2)
    await journal.save(replace(entering("T2"), label="ENTERING"), "folded", 3)
    await journal.finish(entering("T1"), CLOSED, "flat", 4)
    await log.append(replace(ENTRY, action="close"))
    return store

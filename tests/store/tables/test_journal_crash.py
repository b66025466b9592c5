"""A process killed while it trades, a disk that fails at every point in turn, a power cut after every commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest

from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.errors import StorageError, StorageFailed, StorageFull
from opentrader.store import Store
from opentrader.store.sqlite import connection
from opentrader.store.tables import events
from opentrader.store.tables.history import HistoryTable
from opentrader.store.tables.journal import JournalTable
from opentrader.store.verification import verify_audit
from tests.process import lines_until_killed

# Six trades at a time, each saved many times and then finished; a line goes out once its commit was acknowledged.
TRADE_FOR_EVER = """
import asyncio, os, pathlib, sys
from dataclasses import replace
from decimal import Decimal
from itertools import count
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle.records import Intent, Leg, planned
from opentrader.store import Store
from opentrader.store.tables.journal import JournalTable

ONE = Decimal("1.00")

def begun(id):
    intent = Intent(id, "limit", "BTCUSDT", "buy", ONE, ONE, ONE, ONE, 0, 0, "aB3x")
    return planned(intent)

def told(id, step):
    os.write(1, f"{id} {step}\\n".encode())

async def trade_on(journal, id):
    trade = begun(id)
    for step in range(1, 12):
        leg = Leg(f"{id}-{step}", "C", step, "SENT", ONE, ONE, ONE, step, 0)
        trade = replace(trade.with_leg(leg), last_send=step)
        await journal.save(trade, "sent", step, facts={"step": step})
        told(id, step)
    closed = ClosedTrade(id, "BTCUSDT", "buy", ONE, ONE, ONE, ONE, ONE, "mr", "trade", "tp", 0, 1)
    await journal.finish(replace(trade, last_send=12), closed, "flat", 12, facts={"step": 12})
    told(id, 12)

async def trader(journal, name):
    for number in count():
        await trade_on(journal, f"{os.getpid()}-{name}-{number}")

async def main():
    journal = JournalTable(Store.open(pathlib.Path(sys.argv[1])))
    await asyncio.gather(*(trader(journal, name) for name in range(6)))

asyncio.run(main())
"""
ACKNOWLEDGED_BEFORE_THE_KILL = 1_500


def kill_while_trading(data_dir: Path) -> dict[str, int]:
    """Trade -> the last step that was acknowledged by a process that then died by SIGKILL."""
    lines = [line.split() for line in lines_until_killed(TRADE_FOR_EVER, data_dir, ACKNOWLEDGED_BEFORE_THE_KILL)]
    return {trade_id: int(step) for trade_id, step in lines}


def test_a_killed_process_loses_no_acknowledged_save_and_keeps_no_half_one(data_dir: Path) -> None:
    acknowledged = kill_while_trading(data_dir) | kill_while_trading(data_dir)
    report = verify_audit(data_dir)  # as it lies, before anybody repairs it
    assert report is not None
    assert report.faults == ()
    store = Store.open(data_dir)
    journal = JournalTable(store)
    steps: dict[str, list[int]] = {}
    for event in store.read(lambda c: list(events.since(c, 0))):
        steps.setdefault(event.body["trade"], []).append(event.body["facts"]["step"])
    finished = {closed.id for closed in HistoryTable(store).since(0)[0]}
    for trade_id, told in steps.items():
        trade = journal.trade(trade_id)
        assert trade is not None
        assert told == list(range(1, trade.last_send + 1))  # the trade is as its last event says
        assert trade.last_send in {acknowledged.get(trade_id, 0), acknowledged.get(trade_id, 0) + 1}
        assert len(trade.legs) == min(trade.last_send, 11)
        assert (trade.last_send == 12) == (trade_id in finished)
    assert acknowledged.keys() <= steps.keys()
    store.close()


# --- a disk of which we know everything ----------------------------------------------------------------------------


class Disk:
    """Fails at the n-th write or sync of a database file, and knows what has reached the platter."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails_at: int | None = None
        self.error: type[apsw.Error] = apsw.IOError
        self.durable: dict[str, bytes] = {}

    def called(self) -> None:
        if self.fails_at is not None:
            self.calls += 1
            if self.calls == self.fails_at:
                raise self.error("the disk failed")

    def fail(self, number: int, error: type[apsw.Error]) -> None:
        """Let the n-th call from now on fail, and it alone."""
        self.calls, self.fails_at, self.error = 0, number, error

    def settle(self, folder: Path) -> None:
        """All that is in these files now is on the platter."""
        self.durable = {path.name: path.read_bytes() for path in folder.glob("opentrader.db*")}

    def after_power_cut(self, folder: Path) -> Path:
        folder.mkdir()
        for name, content in self.durable.items():
            if not name.endswith("-shm"):  # memory
                (folder / name).write_bytes(content)
        return folder


@pytest.fixture
def faulty() -> Iterator[Disk]:
    disk = Disk()

    class File(apsw.VFSFile):
        def __init__(self, name: Any, flags: list[int]) -> None:
            super().__init__("unix", name, flags)
            self.path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)

        def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
            disk.called()
            super().xWrite(data, offset)

        def xSync(self, flags: int) -> None:  # noqa: N802
            disk.called()
            super().xSync(flags)
            disk.durable[self.path.name] = self.path.read_bytes()

    class System(apsw.VFS):
        def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> File:  # noqa: N802
            return File(name, flags)

    system = System("faulty", "unix", makedefault=True)
    yield disk
    system.unregister()


CLOSED = ClosedTrade(
    "T1", "BTCUSDT", "buy", Decimal(1), Decimal(2), Decimal(3), Decimal(4), Decimal(5), "mr", "trade", "tp", 6, 7
)


def whole(data_dir: Path) -> bool:
    report = verify_audit(data_dir)
    return report is not None and not report.faults


async def attempt(journal: JournalTable, trade: Trade, at_ms: int, *, vital: bool = True) -> type[StorageError] | None:
    try:
        await journal.save(trade, "sent", at_ms, vital=vital)
    except StorageError as error:
        return type(error)
    return None


@pytest.mark.parametrize("vital", [False, True])
async def test_at_whatever_call_the_disk_is_full_nothing_is_half_kept(
    tmp_path: Path, faulty: Disk, entering: Callable[..., Trade], vital: bool
) -> None:
    outcomes = []
    for number in range(1, 80):
        data_dir = tmp_path / str(number)
        store = Store.open(data_dir)
        journal, kept = JournalTable(store), entering("T1")
        await journal.save(kept, "sent", 0)
        faulty.fail(number, apsw.FullError)
        for step in range(1, 4):
            wanted = replace(kept, last_send=step)
            outcomes.append(refusal := await attempt(journal, wanted, step, vital=vital))
            kept = kept if refusal else wanted
            assert journal.load(0) == [kept]  # what was refused is not there, what was not is
            assert whole(data_dir)
        faulty.fails_at = None
        store.close()
        reopened = Store.open(data_dir)
        assert JournalTable(reopened).load(0) == [kept]
        reopened.close()
        assert whole(data_dir)
        if faulty.calls < number:
            break  # beyond the last call: all of them have failed once
    else:
        pytest.fail("there are more calls than were tried")
    assert None in outcomes
    assert outcomes.count(StorageFull) == 0 if vital else outcomes.count(StorageFull) > 3  # a vital one is tried again


async def test_at_whatever_call_the_disk_fails_the_next_start_has_all_that_was_acknowledged(
    tmp_path: Path, faulty: Disk, entering: Callable[..., Trade]
) -> None:
    """What was refused by the failing call itself may be there: its frames were written before their sync failed."""
    surprises = 0
    for number in range(1, 80):
        data_dir, told = tmp_path / str(number), list[str]()
        store = Store.open(data_dir, told.append)
        journal, kept = JournalTable(store), entering("T1")
        await journal.save(kept, "sent", 0)
        faulty.fail(number, apsw.IOError)
        steps = [replace(kept, last_send=step) for step in range(1, 5)]
        refusals = [await attempt(journal, wanted, step) for step, wanted in enumerate(steps, 1)]
        acknowledged = refusals.index(StorageFailed) if StorageFailed in refusals else len(steps)
        assert refusals == [None] * acknowledged + [StorageFailed] * (len(steps) - acknowledged)  # never again
        assert len(told) == (acknowledged < len(steps))
        faulty.fails_at = None
        store.close()
        reopened = Store.open(data_dir)
        assert whole(data_dir)
        (found,) = JournalTable(reopened).load(0)
        reopened.close()
        assert acknowledged <= found.last_send <= acknowledged + 1
        surprises += found.last_send > acknowledged
        if acknowledged == len(steps):
            break
    else:
        pytest.fail("there are more calls than were tried")
    assert surprises


async def trade_until_power_cuts(tmp_path: Path, faulty: Disk, trade: Trade) -> list[bool]:
    """Of ten commits, whether each was still there when the power was cut as soon as it had been acknowledged."""
    store = Store.open(tmp_path / "data")
    faulty.settle(tmp_path / "data")
    journal, found = JournalTable(store), []
    for step in range(1, 11):
        wanted = replace(trade, last_send=step)
        await journal.save(wanted, "sent", step)
        survivor = Store.open(faulty.after_power_cut(tmp_path / f"cut {step}"))
        found.append(JournalTable(survivor).load(0) == [wanted] and survivor.read(events.verify) is None)
        survivor.close()
    store.close()
    return found


async def test_a_power_cut_takes_nothing_that_was_acknowledged(
    tmp_path: Path, faulty: Disk, entering: Callable[..., Trade]
) -> None:
    assert await trade_until_power_cuts(tmp_path, faulty, entering("T1")) == [True] * 10


async def test_with_fewer_syncs_a_power_cut_would_be_noticed(
    tmp_path: Path, faulty: Disk, entering: Callable[..., Trade], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the test above can fail."""
    hasty = tuple((name, "normal" if name == "synchronous" else value) for name, value in connection.WRITER)
    monkeypatch.setattr(connection, "WRITER", hasty)
    assert not all(await trade_until_power_cuts(tmp_path, faulty, entering("T1")))

"""A process killed in the middle of its writes: what it was told is durable is there."""

from __future__ import annotations

from pathlib import Path

from opentrader.store import Connection, Store
from opentrader.store.tables import settings
from tests.process import lines_until_killed

# Eight writers, each with one write in flight. A name goes out once its write was acknowledged, not before.
WRITE_FOR_EVER = """
import asyncio, os, pathlib, sys
from opentrader.store import Store
from opentrader.store.tables import settings

def both(connection, name):
    settings.put(connection, name + " first", "x" * 300)
    settings.put(connection, name + " second", "x" * 300)

async def forever(store, writer):
    number = 0
    while True:
        name = f"{os.getpid()}-{writer}-{number}"
        await store.write(lambda connection: both(connection, name))
        os.write(1, name.encode() + b"\\n")
        number += 1

async def main():
    store = Store.open(pathlib.Path(sys.argv[1]))
    await asyncio.gather(*(forever(store, writer) for writer in range(8)))

asyncio.run(main())
"""
ACKNOWLEDGED_BEFORE_THE_KILL = 3_000  # enough for several checkpoints and a log that was begun anew


def killed(data_dir: Path) -> list[str]:
    """The names acknowledged by a process that then died by SIGKILL."""
    return lines_until_killed(WRITE_FOR_EVER, data_dir, ACKNOWLEDGED_BEFORE_THE_KILL)


def stored(connection: Connection) -> set[str]:
    return {key for (key,) in connection.execute("SELECT key FROM choices")}


def test_a_killed_process_loses_no_acknowledged_commit(data_dir: Path) -> None:
    names = killed(data_dir)
    assert len(set(names)) >= ACKNOWLEDGED_BEFORE_THE_KILL
    store = Store.open(data_dir)  # checks the file, too
    keys = store.read(stored)
    assert store.read(lambda connection: settings.get(connection, f"{names[-1]} second")) == "x" * 300
    store.close()
    assert {f"{name} {part}" for name in names for part in ("first", "second")} <= keys
    halves = {key.rpartition(" ")[0] for key in keys}
    assert len(keys) == 2 * len(halves)  # all of a write or nothing of it


def test_killed_again_and_again_it_keeps_all(data_dir: Path) -> None:
    """The second process recovers the first one's log before it writes its own."""
    names = {*killed(data_dir), *killed(data_dir)}
    assert len(names) >= 2 * ACKNOWLEDGED_BEFORE_THE_KILL
    store = Store.open(data_dir)
    keys = store.read(stored)
    store.close()
    assert {f"{name} first" for name in names} <= keys

"""P10: a durable commit, alone and grouped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from typing import Any

import uvloop

from bench.anchors.disk import overwriting
from bench.row import Figure, Row, Run, absent, at_least, at_most
from bench.subject.store import AuditEntry, Store, audit
from bench.timing import WALL, in_turns, interleaved, seconds_of, takes, times_as_fast

WRITERS = 64
WRITES = 2 * WRITERS  # in one repeat
PAIRS = 201
OWN_BOUND = at_most(60e-6)
_KEEP = "INSERT OR REPLACE INTO choices (key, text) VALUES ('bench', ?)"
Write = Callable[[Any], object]


def measure(run: Run) -> Iterator[Figure]:
    numbers = count()

    def row(connection: Any) -> None:
        connection.execute(_KEEP, (str(next(numbers)),))

    def entry(connection: Any) -> None:
        audit.append(connection, _entry(next(numbers)))

    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        closing(Store.open(run.folder)) as store,
        overwriting(run.folder) as overwrite,
    ):
        yield _own_share(runner, store, row, overwrite)
        found = interleaved(
            {
                "row": lambda: runner.run(_in_turn(store, row)),
                "rows": lambda: runner.run(_grouped(store, row)),
                "entry": lambda: runner.run(_in_turn(store, entry)),
                "entries": lambda: runner.run(_grouped(store, entry)),
            }
        )
    one, many, entry_alone, entries = (found[name].per(WRITES) for name in ("row", "rows", "entry", "entries"))
    yield times_as_fast("64 writers against one", many, one, at_least(15.0))
    yield times_as_fast("64 writers of audit rows against one", entries, entry_alone, at_least(10.0))
    yield takes("audit row alone", entry_alone)


def _own_share(runner: asyncio.Runner, store: Store, row: Write, overwrite: Callable[[], None]) -> Figure:
    """What a write takes beyond the sync of the disk, of many pairs of both."""
    found = in_turns({"write": lambda: runner.run(_seconds(store, row)), "sync": lambda: seconds_of(overwrite)}, PAIRS)
    write, sync = found["write"], found["sync"]
    own = write.minus(sync).median
    if own <= 0:
        return absent("own share", OWN_BOUND, "lost in the noise of the disk; measure on a quieter machine")
    return Figure("own share", own, "s", OWN_BOUND, ours=write.median, anchor=sync.median, repeats=PAIRS)


async def _seconds(store: Store, write: Write) -> float:
    """How long one write takes, seen by the task that awaits it."""
    begin = WALL()
    await store.write(write)
    return WALL() - begin


def _entry(at: int) -> AuditEntry:
    return AuditEntry(
        ts=at,
        agent="bench",
        action="commit",
        symbol="BTCUSDT",
        outcome="ok",
        status=200,
        request_id=None,
        params={"bot": "bench"},
    )


async def _in_turn(store: Store, write: Write) -> None:
    for _ in range(WRITES):
        await store.write(write)


async def _grouped(store: Store, write: Write) -> None:
    for _ in range(WRITES // WRITERS):
        await asyncio.gather(*(store.write(write) for _ in range(WRITERS)))


ROW = Row(
    "P10",
    what="a durable commit: `Store.write` of one row",
    anchor="fdatasync of a 4 KiB overwrite; grouped: one writer",
    target="own share <= 60 µs; 64 writers >= 15x one; audit rows >= 10x",
    note="The own share is what a write takes beyond the sync: the hop to the writer's thread, SQLite, the way back.",
    measure=measure,
)

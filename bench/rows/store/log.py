"""P16: a log of many events: start, statistics, a page of the audit, verification, backup."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bench.processes.client import Client
from bench.processes.command import compile_kernels, free_port
from bench.processes.daemon import Daemon
from bench.processes.starting import until_answered
from bench.row import Figure, Row, Run, at_most
from bench.subject.store import AuditEntry, ClosedTrade, Store, audit, backup, history, verify_audit
from bench.timing import Sample, in_turns, takes

ROWS, ROWS_LONG = 100_000, 1_000_000
TRADE_EVERY = 20  # events there is a closed trade
PART = 5_000  # rows in one commit
STARTS = 5
REPEATS = 3
ASKED = 31
VERIFY_SECONDS = 4.0  # for a million events
LAG_SECONDS = 0.02
STATUS = "/api/status"
PAGE = "/api/audit?limit=50"
STATS = "/api/trades/stats"


def measure(run: Run) -> Iterator[Figure]:
    compile_kernels()
    count, data = ROWS_LONG if run.long else ROWS, run.folder / "long"
    _fill(run, data, count)
    run.say(f"{STARTS} starts with and without events")
    yield _start(data, run.folder / "short")
    run.say("statistics and pages")
    with Daemon(data) as daemon, Client(run.folder) as client:
        daemon.ready()
        yield takes("statistics", _asked(client, daemon, STATS), at_most(0.005))
        yield takes("a page of the audit", _asked(client, daemon, PAGE), at_most(0.010))
    run.say("verifying")
    verified = Sample.of(_verified(data, count) for _ in range(REPEATS))
    yield takes(f"verifying {count:,} events", verified, at_most(VERIFY_SECONDS * count / ROWS_LONG))
    run.say("copying")
    backups = [asyncio.run(_backed_up(data, number)) for number in range(REPEATS)]
    yield takes(
        "longest pause of the event loop during a backup", Sample.of(b.lag for b in backups), at_most(LAG_SECONDS)
    )
    yield takes("the backup itself", Sample.of(b.seconds for b in backups))


def _fill(run: Run, data: Path, count: int) -> None:
    """Audit entries, and among them closed trades, each with its event."""
    with closing(Store.open(data)) as store:
        for first in range(0, count, PART):
            run.say(f"writing events: {first:,} of {count:,}")
            asyncio.run(store.write(partial(_write, first=first)))


def _write(connection: Any, first: int) -> None:
    for number in range(first, first + PART):
        if number % TRADE_EVERY:
            audit.append(connection, _entry(number))
        else:
            history.add(connection, [_closed(number)], number * 1000)


def _entry(at: int) -> AuditEntry:
    return AuditEntry(
        ts=at,
        agent="bench",
        action="trade",
        symbol="BTCUSDT",
        outcome="ok",
        status=200,
        request_id=f"r-{at}",
        params={"bot": "bench"},
    )


def _closed(at: int) -> ClosedTrade:
    """A trade that won or lost a little."""
    prices = (Decimal(1), Decimal(100), Decimal(99 + at % 3))
    result = Decimal(at % 3 - 1)
    return ClosedTrade(
        id=f"T{at:09d}",
        symbol="BTCUSDT",
        direction="buy",
        size=prices[0],
        entry_px=prices[1],
        exit_px=prices[2],
        pnl=result,
        pnl_pct=result,
        bot="bench",
        source="trade",
        exit_reason="close",
        opened_at=at,
        closed_at=at + 1,
    )


def _start(full: Path, empty: Path) -> Figure:
    """How much longer the start takes with the events: until the system answers."""
    found = in_turns({path.name: partial(_started, path) for path in (full, empty)}, STARTS)
    with_events, without = found[full.name], found[empty.name]
    added = with_events.minus(without).median
    bound = at_most(0.05)
    return Figure(
        "added to the start", added, "s", bound, ours=with_events.median, anchor=without.median, repeats=STARTS
    )


def _started(data: Path) -> float:
    return until_answered(lambda port: Daemon(data, port=port), free_port(), STATUS)


def _asked(client: Client, daemon: Daemon, path: str) -> Sample:
    return Sample.of(client.burst(daemon.port, [("GET", path, None)], 1, 1).p50 for _ in range(ASKED))


def _verified(data: Path, count: int) -> float:
    begin = time.perf_counter()
    report = verify_audit(data)
    took = time.perf_counter() - begin
    if report is None or report.faults or report.events < count:
        raise AssertionError(f"the log is not whole: {report}")
    return took


class BackedUp(NamedTuple):
    """Seconds that a backup took, and the longest time for which the event loop did not turn meanwhile."""

    seconds: float
    lag: float


async def _backed_up(data: Path, number: int) -> BackedUp:
    begin, lag = time.perf_counter(), 0.0
    copying = asyncio.create_task(asyncio.to_thread(backup.hourly, data, number * 3600))
    while not copying.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        lag = max(lag, time.perf_counter() - before - 0.001)
    await copying
    return BackedUp(time.perf_counter() - begin, lag)


ROW = Row(
    "P16",
    what="event log of 100,000 rows (bench-long: 1,000,000): start, statistics, audit page, verify, backup",
    anchor="the start of an empty store",
    target="start +<= 50 ms; stats <= 5 ms; page <= 10 ms; verify <= 4 s a million; backup pauses the loop <= 20 ms",
    note="One event in twenty is a closed trade; the others are audit entries.",
    measure=measure,
)

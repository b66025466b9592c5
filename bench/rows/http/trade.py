"""P8: a trade on the paper exchange, from the request to stop and target at the venue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from bench.anchors.disk import overwriting
from bench.processes.client import Client
from bench.processes.daemon import Daemon
from bench.processes.journal import written
from bench.processes.requests import COINS, close, trade
from bench.processes.twin import Hello, recorded
from bench.row import Figure, Row, Run, at_most
from bench.timing import Sample, interleaved, takes, times_the_cost

REPEATS = 2 * len(COINS)
OWN, PAPER = 3, 2  # commits that a trade needs
SLOW_SYNC_SECONDS = 0.001
REST_SECONDS = 0.05


class Trade(NamedTuple):
    """What one took: seconds, CPU seconds of the daemon, commits and events of its store."""

    seconds: float
    cpu: float
    commits: int
    events: int


def measure(run: Run) -> Iterator[Figure]:
    with overwriting(run.folder) as overwrite:
        sync = interleaved({"sync": overwrite})["sync"]
    with Daemon(run.folder / "data") as daemon, Client(run.folder) as client:
        _warm(daemon.ready())
        with _bare(run, daemon) as hello:
            hello.ready()
            trades, bare = _compared(run, client, daemon, hello)
    yield from _figures(sync, trades, bare)


def _warm(daemon: Daemon) -> None:
    """The first trade makes what all others use."""
    daemon.call(*trade(COINS[0]))
    daemon.call(*close(COINS[0]))


def _bare(run: Run, daemon: Daemon) -> Hello:
    """The bare server that answers the same, after as many commits as a trade needs."""
    answer = recorded(*daemon.answer(*trade(COINS[1])))
    daemon.call(*close(COINS[1]))
    folders = [str(run.folder / name) for name in ("own", "paper")]
    return Hello(run.folder, answers={"/api/trade": answer}, commits={"/api/trade": [OWN, PAPER]}, folders=folders)


def _compared(run: Run, client: Client, daemon: Daemon, hello: Hello) -> tuple[list[Trade], list[float]]:
    trades, bare = [], []
    for number in range(REPEATS):
        coin = COINS[number % len(COINS)]
        run.say(f"trade {number + 1} of {REPEATS}")
        bare.append(client.burst(hello.port, [trade(coin)], 1, 1).p50)
        trades.append(_traded(client, daemon, coin))
        daemon.call(*close(coin))
    return trades, bare


def _traded(client: Client, daemon: Daemon, coin: str) -> Trade:
    time.sleep(REST_SECONDS)  # what follows the last close is not part of this
    before, cpu = written(daemon.folder), daemon.cpu()
    seconds = client.burst(daemon.port, [trade(coin)], 1, 1).p50
    return Trade(seconds, daemon.cpu() - cpu, *written(daemon.folder).since(before))


def _figures(sync: Sample, trades: list[Trade], bare: list[float]) -> Iterator[Figure]:
    seconds, cpu, commits, events = (Sample.of(column) for column in zip(*trades, strict=True))
    bound = at_most(1.3 if sync.median > SLOW_SYNC_SECONDS else 2.0)
    yield times_the_cost("time to the answer", seconds, Sample.of(bare), bound)
    yield takes("CPU of the daemon", cpu, at_most(0.008))
    yield Figure("commits of the store", commits.median, "", at_most(OWN), repeats=len(trades))
    yield Figure("events", events.median, "", repeats=len(trades))
    yield takes("fdatasync of 4 KiB", sync)


ROW = Row(
    "P8",
    what="POST /api/trade on the paper exchange",
    anchor="the bare server and 3 own + 2 paper commits",
    target="<= 2x (<= 1.3x where a sync takes over 1 ms); CPU <= 8 ms; own commits 3",
    note=(
        "Until stop and target rest at the exchange. The commits are the intent, the answer to the entry with the exits"
        " to place, the answer to those, and the audit entry. The daemon's other work of the moment is in its CPU time."
    ),
    measure=measure,
)

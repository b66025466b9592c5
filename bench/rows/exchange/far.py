"""K14: an entry and a close at a venue that is 300 ms away, whatever else rests in their symbol."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from bench.processes.client import Client
from bench.processes.daemon import Daemon
from bench.processes.requests import COINS, close, resting, trade
from bench.row import Figure, Row, Run, at_most
from bench.timing import Sample, takes, times_the_cost

WIRE = "latency_ms=300,push=off"
COIN = COINS[0]
RESTING = 4
REPEATS, REPEATS_LONG = 9, 15
MEDIAN_SECONDS, WORST_SECONDS = 1.6, 2.0
REST_SECONDS = 0.3
READ_TURNS, READS = 3, 3_000
READ = ("GET", "/api/status", None)


class Turn(NamedTuple):
    """Seconds that an entry took until it was protected, and then its close."""

    entry: float
    close: float


def measure(run: Run) -> Iterator[Figure]:
    with Daemon(run.folder / "data", OPENTRADER_PAPER_WIRE=WIRE) as daemon, Client(run.folder) as client:
        daemon.ready()
        _wait_in_line(daemon)
        turns, repeats = list[Turn](), REPEATS_LONG if run.long else REPEATS
        for number in range(repeats):
            run.say(f"entry and close {number + 1} of {repeats}")
            turns.append(_turn(daemon))
        entries, closes = (Sample.of(column) for column in zip(*turns, strict=True))
        for name, took in (("entry until it is protected", entries), ("close", closes)):
            yield takes(f"{name}, median", took, at_most(MEDIAN_SECONDS))
            yield Figure(f"{name}, worst", max(took.values), "s", at_most(WORST_SECONDS), repeats=repeats)
        run.say("reads meanwhile")
        yield _reads(daemon, client)


def _wait_in_line(daemon: Daemon) -> None:
    """Have four entries rest below the price, which the first trade tells; it also makes what all others use."""
    price = float(daemon.call(*trade(COIN))["trade"]["entry_px"])
    daemon.call(*close(COIN))
    for number in range(RESTING):
        daemon.call(*resting(COIN, price * (0.9 - number / 100)))


def _turn(daemon: Daemon) -> Turn:
    time.sleep(REST_SECONDS)
    begin = time.perf_counter()
    daemon.call(*trade(COIN))
    entered = time.perf_counter()
    time.sleep(REST_SECONDS)
    leaving = time.perf_counter()
    daemon.call(*close(COIN))
    return Turn(entered - begin, time.perf_counter() - leaving)


def _reads(daemon: Daemon, client: Client) -> Figure:
    """GET of the status while a trade is on its way, against one while nothing is."""
    busy, idle = list[float](), list[float]()
    with ThreadPoolExecutor(1) as pool:
        for _ in range(READ_TURNS):
            idle.append(client.burst(daemon.port, [READ], READS, 1).p50)
            turn = pool.submit(_turn, daemon)
            time.sleep(2 * REST_SECONDS)  # the entry has begun
            busy.append(client.burst(daemon.port, [READ], READS, 1).p50)
            turn.result()
    return times_the_cost("GET of the status meanwhile", Sample.of(busy), Sample.of(idle), at_most(1.2))


ROW = Row(
    "K14",
    what="a venue at 300 ms a call: POST /api/trade until it is protected, and POST /api/close, beside four entries"
    " that rest in the symbol",
    anchor="for the reads: the same while nothing is traded",
    target="median <= 1.6 s, worst <= 2 s; reads <= 1.2x",
    note="The paper exchange behind such a wire, without pushed events. An entry is four round trips, a close three.",
    measure=measure,
)

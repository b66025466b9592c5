"""P5: GETs of what is published, against a bare server that answers the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from bench.processes.client import Client
from bench.processes.daemon import Daemon
from bench.processes.requests import COINS, signals, trade
from bench.processes.twin import Hello, same_answers
from bench.row import Figure, Row, Run, at_least, at_most
from bench.timing import Sample, times_the_cost

ROUTES = {
    "health": "/api/health",
    "status": "/api/status",
    "trades": "/api/trades",
    "signals": "/api/signal/list",
    "market/all": "/api/market/all",
    "market/{symbol}": "/api/market/BTC?mtf_tf=4h",
    "explain": "/api/explain/BTC?mtf_tf=4h",
    "state": "/api/state",
}
SIGNALS, TRADES = 3, 5
REPEATS = 15
CONNECTIONS = 8
REQUESTS, REQUESTS_ALONE = 400, 100


class Reading(NamedTuple):
    """Of one request, in seconds: CPU of the server, wall time under load, the median alone."""

    cpu: float
    wall: float
    alone: float


def measure(run: Run) -> Iterator[Figure]:
    run.say("starting the daemon")
    with Daemon(run.folder / "data") as daemon, Client(run.folder) as client:
        _busy(daemon.ready())
        with Hello(run.folder, answers=same_answers(daemon, list(ROUTES.values()))) as hello:
            hello.ready()
            for number, (name, path) in enumerate(ROUTES.items(), 1):
                run.say(f"route {number} of {len(ROUTES)}: {name}")
                yield from _figures(name, *_compared(client, daemon, hello, path))


def _busy(daemon: Daemon) -> None:
    """Some of everything: an empty answer is no fair one."""
    daemon.call("GET", "/api/market/scan?mtf_tf=4h")
    for request in (*islice(signals(), SIGNALS), *(trade(coin) for coin in COINS[:TRADES])):
        daemon.call(*request)


def _compared(client: Client, daemon: Daemon, hello: Hello, path: str) -> tuple[list[Reading], list[Reading]]:
    """Readings of the daemon and of the bare server, taken in turns."""
    ours: list[Reading] = []
    theirs: list[Reading] = []
    servers: list[tuple[Daemon | Hello, list[Reading]]] = [(daemon, ours), (hello, theirs)]
    for server, _ in servers:
        _reading(client, server, path)
    for number in range(REPEATS):
        for server, readings in servers[:: 1 if number % 2 else -1]:
            readings.append(_reading(client, server, path))
    return ours, theirs


def _reading(client: Client, server: Daemon | Hello, path: str) -> Reading:
    before = server.cpu()
    busy = client.burst(server.port, [("GET", path, None)], REQUESTS, CONNECTIONS)
    cpu = server.cpu() - before
    alone = client.burst(server.port, [("GET", path, None)], REQUESTS_ALONE, 1)
    return Reading(cpu / REQUESTS, busy.seconds / REQUESTS, alone.p50)


def _figures(name: str, ours: list[Reading], theirs: list[Reading]) -> Iterator[Figure]:
    mine, bare = ([Sample(column) for column in zip(*readings, strict=True)] for readings in (ours, theirs))
    yield times_the_cost(f"{name}: CPU a request", mine[0], bare[0], at_most(1.15))
    rate = bare[1].median / mine[1].median
    rates = (1 / mine[1].median, 1 / bare[1].median)
    yield Figure(f"{name}: requests a second", rate, "x", at_least(0.9), *rates, scale="1/s", repeats=len(ours))
    yield times_the_cost(f"{name}: p50", mine[2], bare[2], at_most(1.15))


ROW = Row(
    "P5",
    what=(
        "GET of published state: health, status, trades, signals, market/all, market/{symbol} on a cache hit, explain,"
        " state"
    ),
    anchor="bare aiohttp + uvloop + orjson, same body and headers, twin process",
    target="for each: CPU a request <= 1.15x, req/s >= 0.9x, p50 <= 1.15x",
    note=(
        "With 5 open trades and 3 signals; CPU and rate with 8 connections, p50 with one."
        " The bare server encodes its answer for each request."
    ),
    measure=measure,
)

"""P14: what the daemon holds in RAM: at the start, with many symbols, and after half an hour of requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from bench.processes.client import Client
from bench.processes.command import compile_kernels
from bench.processes.daemon import Daemon
from bench.processes.recording import recorded, symbols
from bench.row import Figure, Row, Run, at_most, left_to_long
from bench.timing import Sample

SYMBOLS = (500, 2000)
BOUNDS = (220.0, 420.0)
REPEATS = 3
FLAT_SECONDS = 1800.0
WARM_SECONDS = 120.0
REQUESTS_A_SECOND = 200
FLAT = "change over 30 minutes at 200 requests a second"


def measure(run: Run) -> Iterator[Figure]:
    compile_kernels()
    run.say("at the start")
    starts = Sample.of(_started(run.folder / "plain") for _ in range(REPEATS))
    yield Figure("after the start", starts.median, "MiB", at_most(110.0), repeats=REPEATS)
    candles = recorded(run.folder / "candles", max(SYMBOLS))
    for count, bound in zip(SYMBOLS, BOUNDS, strict=True):
        run.say(f"{count} symbols")
        with _watching(run.folder / f"data-{count}", candles, count) as daemon:
            daemon.ready().call("GET", "/api/market/scan?mtf_tf=4h")
            yield Figure(f"{count} symbols analysed", daemon.memory_mib(), "MiB", at_most(bound))
    yield _flat(run, candles) if run.long else left_to_long(FLAT)


def _started(folder: Path) -> float:
    with Daemon(folder) as daemon:
        daemon.ready().call("GET", "/api/status")
        return daemon.memory_mib()


def _watching(folder: Path, candles: Path, count: int) -> Daemon:
    """A daemon that reads recorded candles and has so many symbols on its watchlist."""
    return Daemon(folder, OPENTRADER_FEED=f"files:{candles}", OPENTRADER_WATCHLIST=",".join(symbols(count)))


def _flat(run: Run, candles: Path) -> Figure:
    """By how many percent the memory changes while clients ask, from two minutes on."""
    count = SYMBOLS[0]
    with _watching(run.folder / "flat", candles, count) as daemon, Client(run.folder) as client:
        daemon.ready().call("GET", "/api/market/scan?mtf_tf=4h")
        _asked(run, client, daemon, WARM_SECONDS)
        before = daemon.memory_mib()
        _asked(run, client, daemon, FLAT_SECONDS)
        after = daemon.memory_mib()
    change = 100 * abs(after - before) / before
    return Figure(FLAT, change, "%", at_most(2.0), ours=after, anchor=before, scale="MiB")


def _asked(run: Run, client: Client, daemon: Daemon, seconds: float) -> None:
    """Reads, market analyses and changes of a card, so many a second."""
    asked = [("GET", f"/api/market/{symbol}?mtf_tf=4h", None) for symbol in symbols(SYMBOLS[0])]
    asked[::10] = [("GET", "/api/status", None)] * len(asked[::10])
    end = time.monotonic() + seconds
    offset = 0
    while (left := end - time.monotonic()) > 0:
        run.say(f"asking; {left:.0f} s left, {daemon.memory_mib():.0f} MiB")
        for _ in range(10):
            second = time.monotonic() + 1
            part = [asked[(offset + number) % len(asked)] for number in range(REQUESTS_A_SECOND)]
            client.burst(daemon.port, part, REQUESTS_A_SECOND, 4)
            offset += REQUESTS_A_SECOND
            time.sleep(max(0.0, second - time.monotonic()))


ROW = Row(
    "P14",
    what="memory: after the start; 500 symbols analysed; 2,000; flat over 30 minutes at 200 req/s",
    anchor="",
    target="<= 110, <= 220, <= 420 MiB; +- 2 %",
    note="Resident memory. The symbols come from recorded candles, which the feed keeps: they are part of it.",
    measure=measure,
)

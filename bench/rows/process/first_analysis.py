"""P12: from the start of the process to the first market analysis, with and without compiled kernels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from bench.processes.command import compile_kernels, free_port
from bench.processes.daemon import Daemon
from bench.processes.starting import until_answered
from bench.row import Figure, Row, Run, at_most
from bench.timing import in_turns, takes

REPEATS = 5
PATH = "/api/market/BTC?mtf_tf=4h"


def measure(run: Run) -> Iterator[Figure]:
    data, full = run.folder / "data", run.folder / "full"
    run.say("compiling the kernels")
    compile_kernels(full)
    with Daemon(data, NUMBA_CACHE_DIR=str(full)) as daemon:
        daemon.ready()
    compiled = _files(full)
    run.say(f"{REPEATS} starts with and {REPEATS} without compiled kernels")
    empty = (run.folder / f"empty-{number}" for number in range(REPEATS))
    found = in_turns({"full": lambda: _first(data, full), "empty": lambda: _first(data, next(empty))}, REPEATS)
    yield takes("cached", found["full"], at_most(1.0))
    yield Figure("files compiled meanwhile", float(len(_files(full) ^ compiled)), "", at_most(0.0))
    yield takes("with an empty cache", found["empty"], at_most(2.0))


def _first(data: Path, cache: Path) -> float:
    def start(port: int) -> AbstractContextManager[object]:
        return Daemon(data, port=port, NUMBA_CACHE_DIR=str(cache))

    return until_answered(start, free_port(), PATH)


def _files(cache: Path) -> set[tuple[str, int]]:
    """The files of numba's cache and when each was written: any compilation changes this."""
    return {(str(path), path.stat().st_mtime_ns) for path in cache.rglob("*.nb*")}


ROW = Row(
    "P12",
    what="process start -> first market analysis, kernels cached; with an empty cache",
    anchor="",
    target="<= 1 s and no compilation; <= 2 s",
    note="A data folder that was used before.",
    measure=measure,
)

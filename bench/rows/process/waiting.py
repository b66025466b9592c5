"""P18: what a user waits for at the command line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.processes.command import compile_kernels, seconds
from bench.row import Figure, Row, Run, at_most, left_to_long
from bench.timing import Sample, in_turns, takes

REPEATS = 7  # a scan takes about a second
COLD_REPEATS = 3
SCAN = ("-m", "opentrader", "scan", "--data-dir")


def measure(run: Run) -> Iterator[Figure]:
    compile_kernels()
    run.say(f"{REPEATS} scans and help texts")
    found = in_turns(
        {
            "scan": partial(seconds, *SCAN, str(run.folder / "data")),
            "help": partial(seconds, "-m", "opentrader", "--help"),
            "python": partial(seconds, "-c", "pass"),
        },
        REPEATS,
    )
    yield takes("`opentrader scan`, warm", found["scan"], at_most(1.0))
    yield takes("`opentrader --help`", found["help"], at_most(0.3))
    yield takes("python that does nothing", found["python"])
    yield from _long(run) if run.long else (left_to_long(COLD), left_to_long(SUITE))


COLD, SUITE = "first scan of 200 coins, simulated market", "the test suite"


def _long(run: Run) -> Iterator[Figure]:
    run.say("scans of 200 new coins")
    cold = Sample.of(seconds("-m", "bench.processes.cold_scan") for _ in range(COLD_REPEATS))
    yield takes(COLD, cold, at_most(6.0))
    run.say("the test suite, some minutes")
    suite = ("-m", "pytest", "--quiet", "--numprocesses", "2", "--dist", "loadfile", "-m", "not slow")
    yield takes(SUITE, Sample.of([seconds(*suite)]), at_most(360.0))


ROW = Row(
    "P18",
    what="what a user waits for: `opentrader scan`, `--help`; first scan of 200 coins; the test suite",
    anchor="",
    target="<= 1 s; <= 0.3 s; <= 6 s; <= 6 min",
    note="From the start of the process to its end.",
    measure=measure,
)

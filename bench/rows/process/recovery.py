"""P15: starting with many open trades, closing while ended ones settle, showing what is open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from statistics import median

import uvloop

from bench.processes.command import compile_kernels
from bench.processes.daemon import Daemon, Refused
from bench.processes.recording import recorded, symbols
from bench.processes.requests import close, trade
from bench.row import Figure, Row, Run, at_most, left_to_long
from bench.subject.system import OpenTrades, Settings, TradingSystem
from bench.timing import OWN_CPU, Sample, interleaved

OPEN, OPEN_LONG = 50, 500
BOUNDS = {OPEN: 1.0, OPEN_LONG: 3.0}
STARTS = 5
CLOSES, EDGE = 26, 6
LONGEST_SECONDS = 30.0
PAUSE_SECONDS = 0.01
REST_SECONDS = 5.0  # after which the start has no more work to do


def measure(run: Run) -> Iterator[Figure]:
    compile_kernels()
    site = Site(run)
    yield from site.figures(OPEN)
    yield site.settling()
    yield site.view(OPEN)
    yield from site.figures(OPEN_LONG) if run.long else [left_to_long(admitted(OPEN_LONG))]


def admitted(count: int) -> str:
    return f"start with {count} open trades -> entries admitted"


class Site:
    """A data folder and recorded candles; each open trade has its own symbol."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._data = run.folder / "data"
        count = OPEN_LONG if run.long else OPEN
        self._symbols = symbols(count + STARTS + 1)
        self._feed = f"files:{recorded(run.folder / 'candles', len(self._symbols))}"
        self._open = 0

    def daemon(self) -> Daemon:
        return Daemon(self._data, OPENTRADER_FEED=self._feed, OPENTRADER_WATCHLIST=",".join(self._symbols))

    def figures(self, count: int) -> Iterator[Figure]:
        """The time until entries are admitted with so many open trades."""
        try:
            self._open_up_to(count)
        except Refused as refused:
            reason = f"{refused}, with {self._open} open trades"
            yield Figure(admitted(count), LONGEST_SECONDS, "s", at_most(BOUNDS[count]), reason=reason)
            return
        self._run.say(f"{STARTS} starts with {count} open trades")
        starts = Sample.of(self._started(self._symbols[count + number]) for number in range(STARTS))
        yield Figure(admitted(count), starts.median, "s", at_most(BOUNDS[count]), repeats=STARTS)

    def _open_up_to(self, count: int) -> None:
        """Raises `Refused` when the daemon admits no more entries."""
        with self.daemon() as daemon:
            daemon.ready()
            for number in range(self._open, count):
                self._run.say(f"opening trade {number + 1} of {count}")
                _until_entered(daemon, self._symbols[number])  # with many open trades some are refused as too slow
                self._open = number + 1

    def _started(self, symbol: str) -> float:
        """Seconds from the start of the process until an entry is executed; it is closed again."""
        begin = time.perf_counter()
        with self.daemon() as daemon:
            daemon.ready()
            while not _entered(daemon, symbol):
                if time.perf_counter() - begin > LONGEST_SECONDS:
                    return LONGEST_SECONDS
                time.sleep(PAUSE_SECONDS)
            took = time.perf_counter() - begin
            daemon.call(*close(symbol))
        return took

    def settling(self) -> Figure:
        """One symbol is traded again and again: the last closes against the first."""
        symbol, took = self._symbols[-1], []
        with self.daemon() as daemon:
            daemon.ready()
            time.sleep(REST_SECONDS)
            for number in range(CLOSES):
                self._run.say(f"close {number + 1} of {CLOSES}")
                _until_entered(daemon, symbol)
                begin = time.perf_counter()
                daemon.call(*close(symbol))
                took.append(time.perf_counter() - begin)
        first, last = median(took[:EDGE]), median(took[-EDGE:])
        name = f"closes {CLOSES - EDGE + 1} to {CLOSES} of a symbol against its first {EDGE}"
        return Figure(name, last / first, "x", at_most(1.2), ours=last, anchor=first, repeats=EDGE)

    def view(self, count: int) -> Figure:
        """Seconds a trade to answer what is open, in a system of this process."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            system = runner.run(self._system())
            try:
                views = interleaved({"view": lambda: system.view(OpenTrades())}, clock=OWN_CPU)["view"].per(count)
            finally:
                runner.run(system.stop())
        return Figure("view of open trades, a trade", views.median, "s", at_most(5e-6), repeats=len(views.values))

    async def _system(self) -> TradingSystem:
        system = TradingSystem(Settings(data_dir=self._data, feed=self._feed, watchlist=tuple(self._symbols)))
        await system.start()
        return system


def _entered(daemon: Daemon, symbol: str) -> bool:
    try:
        daemon.call(*trade(symbol))
    except Refused:
        return False
    return True


def _until_entered(daemon: Daemon, symbol: str) -> None:
    end = time.monotonic() + LONGEST_SECONDS
    while not _entered(daemon, symbol):
        if time.monotonic() > end:
            raise Refused(f"no entry in {symbol} within {LONGEST_SECONDS:g} s")
        time.sleep(PAUSE_SECONDS)


ROW = Row(
    "P15",
    what=(
        "start with 50 and 500 open trades -> entries admitted; a close while ended trades of its symbol settle;"
        " the view of open trades"
    ),
    anchor="",
    target="<= 1 s, <= 3 s; flat (<= 1.2x); <= 5 µs a trade",
    note="An entry is tried every 10 ms; 30 s means that none was admitted by then.",
    measure=measure,
)

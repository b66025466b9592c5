"""K15: what it costs to watch orders at which nothing happens, by the count of the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

from bench.processes.daemon import TRADER
from bench.processes.journal import written
from bench.processes.recording import recorded, symbols
from bench.row import Figure, Row, Run, at_most
from bench.subject.system import ExecuteTrade, OpenTrades, PlaceManual, Settings, TradingSystem
from bench.subject.wire import Wire, wire_of

WIRE = "latency_ms=300"
MINUTE = 60.0
SAMPLE_SECONDS = 0.2
SETTLED, MINUTES = 30.0, 1
SETTLED_LONG, MINUTES_LONG = 300.0, 10
AT_ONCE = 10  # entries on their way


class Site(NamedTuple):
    """What rests at the venue, each in its own symbol, whether the venue pushes events, and the bound."""

    protected: int
    resting: int
    pushes: bool
    most: int

    @property
    def name(self) -> str:
        held = f"{self.protected} protected" + (f" and {self.resting} resting" if self.resting else "")
        return f"{held if self.protected else 'idle'}, {'events are pushed' if self.pushes else 'no events'}"

    @property
    def wire(self) -> str:
        return WIRE if self.pushes else f"{WIRE},push=off"


class Watched(NamedTuple):
    """The most request weight of a minute, and the events that were written in all of them."""

    weight: int
    events: int


SITES = (
    Site(0, 0, pushes=False, most=250),
    Site(8, 2, pushes=False, most=550),
    Site(50, 0, pushes=False, most=500),
    Site(8, 2, pushes=True, most=300),
    Site(50, 0, pushes=True, most=300),
)


def measure(run: Run) -> Iterator[Figure]:
    count = max(site.protected + site.resting for site in SITES)
    feed = f"files:{recorded(run.folder / 'candles', count)}"
    run.say(f"{len(SITES)} systems, side by side")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_all_watched(run, feed))
    minutes = MINUTES_LONG if run.long else MINUTES
    for site, watched in zip(SITES, found, strict=True):
        yield Figure(f"{site.name}: weight a minute", watched.weight, "", at_most(site.most), repeats=minutes)
    yield Figure("events written meanwhile", sum(x.events for x in found), "", at_most(0), repeats=minutes)


async def _all_watched(run: Run, feed: str) -> Sequence[Watched]:
    return await asyncio.gather(*(_watched(run, site, feed) for site in SITES))


async def _watched(run: Run, site: Site, feed: str) -> Watched:
    """Have it all rest, wait until what follows an order is over, and count."""
    names, folder = symbols(site.protected + site.resting), run.folder / f"data-{SITES.index(site)}"
    async with _system(folder, feed, names, site.wire) as system:
        for first in range(0, site.protected, AT_ONCE):
            now = names[: site.protected][first : first + AT_ONCE]
            await asyncio.gather(*(system.ask(_entry(name)) for name in now))
        price = max((trade.entry_px or 0.0 for trade in system.view(OpenTrades()).trades), default=0.0)
        await asyncio.gather(*(system.ask(_resting(name, price)) for name in names[site.protected :]))
        await asyncio.sleep(SETTLED_LONG if run.long else SETTLED)
        before = written(folder)
        weights = [await _minute(wire_of(system)) for _ in range(MINUTES_LONG if run.long else MINUTES)]
        return Watched(max(weights), written(folder).since(before).events)


@asynccontextmanager
async def _system(folder: Path, feed: str, names: Sequence[str], wire: str) -> AsyncIterator[TradingSystem]:
    given: dict[str, Any] = {name.removeprefix("OPENTRADER_").lower(): value for name, value in TRADER.items()}
    watchlist = ",".join(names or symbols(1))
    async with TradingSystem(
        Settings(data_dir=folder, feed=feed, watchlist=watchlist, paper_wire=wire, **given)
    ) as system:
        yield system


def _entry(symbol: str) -> ExecuteTrade:
    return ExecuteTrade(symbol, "buy", bot="bench", sl=5.0, tp=10.0, ev=31.5, confidence=9)


def _resting(symbol: str, price: float) -> PlaceManual:
    return PlaceManual(symbol, "buy", entry_px=round(price * 0.9, 4), sl_pct=5.0, tp_pct=10.0)


async def _minute(wire: Wire) -> int:
    """What the wire charges in a minute. It counts anew with each minute of the clock."""
    loop, total, last = asyncio.get_running_loop(), 0, wire.used
    end = loop.time() + MINUTE
    while loop.time() < end:
        await asyncio.sleep(SAMPLE_SECONDS)
        total += wire.used - last if wire.used >= last else wire.used
        last = wire.used
    return total


ROW = Row(
    "K15",
    what="request weight a minute while nothing happens: idle, 8 protected trades and 2 resting entries, 50 protected",
    anchor="",
    target="<= 250; <= 550; <= 500; where events are pushed <= 300; no event is written",
    note="By the count of the wire to the paper exchange, 300 ms a call. Binance allows 6,000.",
    measure=measure,
)

"""The actors of the books on a real store, with a clock that stands still and a feed of made-up candles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from opentrader.actors import views
from opentrader.actors.analysis.market_analyzer import Horizon, MarketAnalyzer
from opentrader.actors.analysis.scanner import Scanner
from opentrader.actors.analysis.trend_book import TrendBook
from opentrader.actors.messages import (
    View,
)
from opentrader.actors.operations.agent_board import AgentBoard
from opentrader.actors.operations.license_guard import LicenseGuard
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.actors.signals.mr_combined import MrCombined, Rule
from opentrader.actors.signals.signal_book import SignalBook, SignalLimits
from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import TF_MS, Timeframe, open_time
from opentrader.errors import ExchangeError
from opentrader.store import Store
from opentrader.store.tables.agents import AgentTable
from opentrader.store.tables.licenses import LicenseTable
from opentrader.store.tables.signals import SignalTable
from opentrader.store.tables.trends import TrendTable
from tests.fakes.clock import CountedIds, StillClock
from tests.fakes.kernels import WarmKernels
from tests.fakes.positions import HeldPairs

PAIRS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


@dataclass
class WaveFeed:
    """Candles on a wave around 100, the same for the same opening; can be held, can fail, counts its calls."""

    source: str = "wave"
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    failing: Exception | None = None
    revised: float = 0.0  # added to every price, as a venue does that corrects its history
    late: set[str] = field(default_factory=set)  # timeframes whose newest closed candle has not arrived yet

    def listings(self) -> dict[str, Listing]:
        return {pair: Listing(pair.removesuffix("USDT"), "USDT") for pair in PAIRS}

    async def candles(self, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int) -> NDArray[np.float64]:
        self.calls.append((pair, timeframe, limit))
        if self.gate is not None:
            await self.gate.wait()
        if self.failing is not None:
            raise self.failing
        step = TF_MS[timeframe]
        forming = open_time(now_ms, timeframe)
        ts = forming + step * np.arange(-limit, 1)
        return wave(ts[ts != forming - step] if timeframe in self.late else ts, step, self.revised)


def wave(ts: NDArray[Any], step: int, revised: float = 0.0) -> NDArray[np.float64]:
    """Candles (n, 6) that depend on their opening alone."""
    i = ts / step
    opening, close = (
        100 + 4 * np.sin(j / 14) + 2 * np.sin(j / 2.3) + np.sin(j * j * 0.7) + revised for j in (i - 1, i)
    )
    high, low = np.maximum(opening, close) + 0.4, np.minimum(opening, close) - 0.4
    return np.stack((ts, opening, high, low, close, 50 + 20 * np.cos(i / 3)), axis=1).astype(np.float64)


class Operator:
    """Somebody to ask for a decision; whether the request arrives is for a test to say."""

    def __init__(self) -> None:
        self.reachable = False
        self.asked: list[Any] = []
        self.gate: asyncio.Event | None = None

    async def request_approval(self, record: Any) -> bool:
        self.asked.append(record)
        if self.gate is not None:
            await self.gate.wait()
        return self.reachable


class Books:
    """All actors of the daemon but its edge."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.feed, self.positions = StillClock(), WaveFeed(), HeldPairs()
        self.operator = Operator()
        self.kernels: Any = WarmKernels()
        self.limits = SignalLimits()
        self.rule = Rule()
        self._folder = folder
        self.fatal: list[str] = []
        self.store: Store
        self.supervisor: Supervisor

    async def start(self) -> None:
        self.store = store = Store.open(self._folder)
        loop = asyncio.get_running_loop()
        self.supervisor = run = Supervisor(loop, self.clock, CountedIds(), on_fatal=self.fatal.append)
        names = {pair: listing.name for pair, listing in self.feed.listings().items()}
        licenses = LicenseTable(store, machine_id="m1", secret=b"s" * 32)
        run.add("license_guard", lambda c: LicenseGuard(c, licenses))
        run.add("agent_board", lambda c: AgentBoard(c, AgentTable(store)))
        run.add("trend_book", lambda c: TrendBook(c, TrendTable(store)))
        run.add("signal_book", lambda c: SignalBook(c, SignalTable(store), self.positions, self.limits, self.operator))
        run.add_family("market_analyzer", lambda c: MarketAnalyzer(c, self.feed, self.kernels, Horizon()))
        run.add("scanner", lambda c: Scanner(c, watchlist=PAIRS, names=names, source="wave", ttl_sec=3600))
        run.add(
            "mr_combined",
            lambda c: MrCombined(
                c, watchlist=PAIRS, listings=self.feed.listings(), positions=self.positions, rule=self.rule
            ),
        )
        await run.start()

    async def stop(self) -> None:
        await self.supervisor.stop()
        self.store.close()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def ask(self, message: Any) -> Any:
        return await self.supervisor.ask(message, timeout=60)

    def view(self, query: View[Any]) -> Any:
        clock = self.clock
        disk = self.store.disk.state()
        asking = views.Asking(clock.wall(), clock.steady(), clock.market_ms(), "dev", 3600, disk)
        return views.render(query, self.supervisor, asking)


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    running = Books(tmp_path / "data")
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def broken_feed(books: Books) -> Books:
    books.feed.failing = ExchangeError("the venue is closed for maintenance")
    return books

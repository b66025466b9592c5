"""A market that goes where a test says, with the trading actors on a real store and the real paper exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opentrader.actors.analysis.market_analyzer import Horizon, MarketAnalyzer
from opentrader.actors.analysis.trend_book import TrendBook
from opentrader.actors.operations.pager import Pager
from opentrader.actors.runtime.limits import Limits
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.actors.trading.history import HistoryReader
from opentrader.actors.trading.pending_entry_watcher import PendingEntryWatcher
from opentrader.actors.trading.position_manager import PositionManager
from opentrader.actors.trading.reading.account import ReadAccount
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.actors.trading.steps import CheckEntries
from opentrader.clock import SortableIds
from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import TF_MS, Timeframe, open_time
from opentrader.domain.trading.lifecycle import BINANCE, LifecycleSettings
from opentrader.domain.trading.pages import OperatorPage
from opentrader.domain.trading.ports import Records
from opentrader.domain.trading.risk import Risk
from opentrader.exchange.connection import VenueConnection
from opentrader.exchange.governor import Governor
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.transport import Script
from opentrader.store import Store
from opentrader.store.tables.audit import AuditTable
from opentrader.store.tables.commands import CommandTable
from opentrader.store.tables.control import ControlTable
from opentrader.store.tables.entry_counts import EntryCountTable
from opentrader.store.tables.history import HistoryTable
from opentrader.store.tables.journal import JournalTable
from opentrader.store.tables.trends import TrendTable
from tests.fakes.clock import NOW_MS as NOW
from tests.fakes.clock import StillClock
from tests.fakes.kernels import WarmKernels
from tests.waiting import until

MINUTE = 60_000
PAIR = "SOLUSDT"


class SteeredFeed:
    """Before `NOW` a calm wave about 100; after it the prices that the test appends, one a minute."""

    source = "steered"

    def __init__(self) -> None:
        self.future: list[float] = []
        self.coins = ["SOL"]

    def listings(self) -> dict[str, Listing]:
        return {f"{coin}USDT": Listing(coin, "USDT") for coin in self.coins}

    def minutes(self, pair: str, start_ms: int, end_ms: int) -> NDArray[np.float64]:
        ts = np.arange(-(-start_ms // MINUTE), -(-end_ms // MINUTE)) * MINUTE
        close = np.array([self._price(int(at)) for at in ts])
        before = np.array([self._price(int(at) - MINUTE) for at in ts])
        high, low = np.maximum(close, before), np.minimum(close, before)
        return np.stack((ts, before, high, low, close, np.full(len(ts), 1000.0)), axis=1).reshape(-1, 6)

    async def candles(self, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int) -> NDArray[np.float64]:
        step, first = TF_MS[timeframe], open_time(now_ms, timeframe) - limit * TF_MS[timeframe]
        openings = range(first, now_ms, step)
        return np.array([self._candle(at, min(at + step, now_ms)) for at in openings if at < now_ms]).reshape(-1, 6)

    def _candle(self, start: int, end: int) -> list[float]:
        every = max(MINUTE, (end - start) // 60 // MINUTE * MINUTE)
        prices = [self._price(at) for at in range(start, max(start + 1, end), every)]
        return [start, prices[0], max(prices), min(prices), prices[-1], 1000.0]

    def _price(self, at: int) -> float:
        ahead = (at - NOW) // MINUTE
        if ahead < 0 or not self.future:
            return round(100 + 0.6 * float(np.sin(at / 7e6)), 2)
        return self.future[min(ahead, len(self.future) - 1)]


class Market:
    def __init__(self, folder: Path, script: Script | None = None, rules: LifecycleSettings = BINANCE) -> None:
        self.folder, self.script, self.rules = folder, script, rules
        self.feed, self.clock = SteeredFeed(), StillClock(NOW)
        self.risk, self.licensed, self.limits = Risk(), True, Limits()
        self.balance = {"USDT": Decimal(10_000)}
        self.store: Store
        self.venue: PaperExchange
        self.connection: VenueConnection
        self.supervisor: Supervisor

    async def start(self) -> None:
        self.store = store = Store.open(self.folder)
        self.venue = venue = await PaperExchange.open(
            self.folder, self.feed, self.clock, balance=self.balance, faults=self.script
        )
        self.connection = connection = VenueConnection(
            venue, self.clock, governor=Governor(0, asyncio.get_running_loop().time)
        )
        self.supervisor = run = Supervisor(
            asyncio.get_running_loop(), self.clock, SortableIds(), on_fatal=lambda reason: None, limits=self.limits
        )
        control, history = ControlTable(store), HistoryTable(store)
        records = Records(JournalTable(store), CommandTable(store), history, EntryCountTable(store), control)
        instance = await control.instance()
        run.add("trend_book", lambda c: TrendBook(c, TrendTable(store)))
        run.add_family("market_analyzer", lambda c: MarketAnalyzer(c, self.feed, WarmKernels(), Horizon()))
        run.add(
            "position_manager",
            lambda c: PositionManager(
                c,
                connection,
                records,
                store.disk,
                risk=self.risk,
                rules=self.rules,
                instance=instance,
                licensed=lambda: self.licensed,
                watchlist=(PAIR,),
            ),
            vital=True,
        )
        run.add("pending_entry_watcher", lambda c: PendingEntryWatcher(c, lambda: self.snapshot))
        run.add(
            "pager",
            lambda c: Pager(
                c,
                run,
                venue=connection.state,
                disk=store.disk.state,
                clock_behind=lambda: None,
                speed=1.0,
            ),
        )
        run.add("archive", lambda c: HistoryReader(c, history, AuditTable(store), _nothing))
        await run.start()
        await run.ask(ReadAccount(), timeout=10)

    async def stop(self) -> None:
        await self.supervisor.stop()
        await self.connection.close()
        self.venue.close()
        self.store.close()

    async def instance(self) -> str:
        return await ControlTable(self.store).instance()

    @property
    def snapshot(self) -> TradingSnapshot:
        return self.supervisor.snapshot("position_manager")

    @property
    def pages(self) -> dict[str, OperatorPage]:
        """The pages that stand, by their code."""
        return {page.code: page for page in self.supervisor.snapshot("pager")}

    async def ask(self, message: Any, timeout: float = 30) -> Any:
        return await self.supervisor.ask(message, timeout=timeout)

    async def go(self, *prices: float) -> None:
        """Let a minute go by for each price, and have the trades looked at after each."""
        for price in prices:
            self.feed.future.append(price)
            self.clock.now_ms = NOW + len(self.feed.future) * MINUTE
            await self.look()

    async def look(self) -> None:
        """Have the trades of all pairs read and checked, once what was to be stored before is stored.

        So no time passes while the daemon still works: a disk that is slow makes nothing late.
        """
        await self.store.write(lambda connection: None, vital=True)
        for pair in sorted({PAIR, *(trade.intent.symbol for trade in self.snapshot.trades)}):
            await self.ask(CheckEntries(pair))

    async def until(self, holds: Callable[[TradingSnapshot], bool]) -> TradingSnapshot:
        """Look again and again, a second of market time later each, until a condition holds of the snapshot."""
        for _ in range(200):
            await until(lambda: self.snapshot.trades or holds(self.snapshot))  # one that is planned must not grow old
            if holds(self.snapshot):
                return self.snapshot
            self.clock.now_ms += 1000
            await self.look()
        raise AssertionError([(t.label, t.alerts) for t in self.snapshot.trades])


async def _nothing(at: float) -> None:
    return None

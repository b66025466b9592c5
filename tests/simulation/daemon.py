"""One life of the daemon: the real actors, supervisor, idempotency layer and tables, on what outlives it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from opentrader.actors import messages
from opentrader.actors.operations.pager import Pager
from opentrader.actors.runtime import wakeup
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context as ActorContext
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.actors.trading.pending_entry_watcher import PendingEntryWatcher
from opentrader.actors.trading.position_manager import PositionManager
from opentrader.actors.trading.reading.account import ReadAccount
from opentrader.actors.trading.recovery.repeats import OutcomeOf
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.domain.time_limits import FIRST_READ_SECONDS, REQUEST_SECONDS
from opentrader.domain.trading.lifecycle import BINANCE
from opentrader.domain.trading.pages import OperatorPage
from opentrader.domain.trading.ports import Disk, Records
from opentrader.domain.trading.risk import Risk
from opentrader.errors import OpentraderError
from opentrader.exchange.calls import VenueCalls
from opentrader.exchange.connection import VenueConnection
from opentrader.exchange.governor import Governor
from opentrader.http.idempotency import Idempotency, StateChange
from opentrader.http.problems import status_of
from opentrader.http.route import Route
from opentrader.http.routes import ROUTES
from opentrader.store.sqlite.database import Store
from opentrader.store.tables.audit import AuditTable
from opentrader.store.tables.commands import CommandTable
from opentrader.store.tables.control import ControlTable
from opentrader.store.tables.entry_counts import EntryCountTable
from opentrader.store.tables.history import HistoryTable
from opentrader.store.tables.idempotency import IdempotencyTable
from opentrader.store.tables.journal import JournalTable
from tests.simulation.clock import LoopClock, SeededIds
from tests.simulation.lives import Callbacks
from tests.simulation.loop import LIFE, Life, VirtualLoop, bury
from tests.simulation.market import LISTINGS, TablePrices

RISK = Risk(max_trades_day=1_000, per_trade_pct=Decimal("0.5"), max_notional_pct=Decimal(10))
ATR_SHARE = 0.01  # of the price; the trailing rule needs a plausible one, no more


class Analyst(Actor):
    """Stands for MarketAnalyzer: the candles of the table, and a range of a percent."""

    def __init__(self, context: ActorContext, prices: TablePrices) -> None:
        super().__init__(context)
        self._prices = prices

    @handles(messages.MarketOf)
    def market(self, message: messages.MarketOf) -> Any:
        last = float(self._prices.price(message.symbol, self.context.clock.market_ms()))
        return SimpleNamespace(mtf=SimpleNamespace(atr_val=last * ATR_SHARE))

    @handles(messages.CandlesOf)
    def candles(self, message: messages.CandlesOf) -> Any:
        now = self.context.clock.market_ms()
        rows = self._prices.rows[message.symbol]
        ended = rows[rows[:, 0] + 60_000 <= now][-message.limit :]
        return SimpleNamespace(
            candles=[SimpleNamespace(high=float(row[2]), closed=True, timestamp=int(row[0]) // 1000) for row in ended]
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client sees: an HTTP status, 0 for a broken connection; the code of a problem; the reply."""

    status: int
    code: str = ""
    reply: bytes = b""


BROKEN = Answer(0, "connection lost")


def _routes() -> dict[type[Message[Any]], Route]:
    """The route by which a message arrives, preferring the one that takes an Idempotency-Key."""
    known: dict[type[Message[Any]], Route] = {}
    for route in ROUTES:
        if route.message is not None and (route.message not in known or route.idempotent):
            known[route.message] = route
    return known


BY_MESSAGE = _routes()


class Daemon:
    """What one process of the daemon is made of. `Executes` for the idempotency layer."""

    def __init__(
        self,
        life: Life,
        loop: VirtualLoop,
        *,
        clock: LoopClock,
        ids: SeededIds,
        store: Store,
        exchange: VenueCalls,
        disk: Disk,
        prices: TablePrices,
        weight: int,
        instance: str,
        on_fatal: Callable[[str], object],
    ) -> None:
        self.life, self.ready = life, False
        self.context: Context = copy_context()
        self.context.run(LIFE.set, life)
        self._loop, self._clock, self._store = loop, clock, store
        self._idempotency = Idempotency()
        self._requests = 0
        self.idempotency, self.audit_log = IdempotencyTable(store), AuditTable(store)
        self._lives = Callbacks(loop)
        self._connection = VenueConnection(exchange, clock, governor=Governor(weight, loop.time), speed=clock.speed)
        self._supervisor = Supervisor(loop, clock, ids, on_fatal=on_fatal, barrier=self._settled, lives=self._lives)
        records = Records(
            journal=JournalTable(store),
            commands=CommandTable(store),
            history=HistoryTable(store),
            entry_counts=EntryCountTable(store),
            control=ControlTable(store),
        )
        self._supervisor.add_family("market_analyzer", lambda context: Analyst(context, prices))
        self._supervisor.add(
            "position_manager",
            lambda context: PositionManager(
                context,
                self._connection,
                records,
                disk,
                risk=RISK,
                rules=BINANCE.at_speed(clock.speed),
                instance=instance,
                licensed=lambda: True,
                watchlist=tuple(LISTINGS),
                timeframe="1h",
                speed=clock.speed,
            ),
            vital=True,
        )
        self._supervisor.add("pending_entry_watcher", lambda context: PendingEntryWatcher(context, self.snapshot))
        self._supervisor.add(
            "pager",
            lambda context: Pager(
                context,
                self._supervisor,
                venue=self._connection.state,
                disk=disk.state,
                clock_behind=lambda: None,
                speed=1.0,
            ),
        )

    def start(self) -> None:
        self._loop.create_task(self._start(), context=self.context)

    def end(self) -> None:
        """As a process ends that is killed: nothing of it runs again."""
        bury(self.life)
        self._lives.forget()
        # It may wait for a callback that was dropped.
        self.life.dropped.append(wakeup._wakeups.pop(self._loop, None))

    async def _start(self) -> None:
        await self._supervisor.start()
        with suppress(OpentraderError):  # as in the real daemon: entries are barred until the account was read
            await self._supervisor.ask(ReadAccount(), timeout=FIRST_READ_SECONDS)
        self.ready = True

    def snapshot(self) -> TradingSnapshot:
        return cast(TradingSnapshot, self._supervisor.snapshot("position_manager"))

    def pages(self) -> tuple[OperatorPage, ...]:
        return cast(tuple[OperatorPage, ...], self._supervisor.snapshot("pager"))

    async def answer(self, message: Message[Any], key: str | None) -> Answer:
        """What HTTP would answer."""
        self._requests += 1
        name = f"{self.life.number}-{self._requests}"
        change = StateChange(BY_MESSAGE[type(message)], message, name)
        try:
            outcome = await self._idempotency.execute(self, change, key)
        except OpentraderError as error:
            return Answer(status_of(type(error)), getattr(error, "stored_code", error.code), error.detail.encode())
        return Answer(outcome.status, "", outcome.body.content)

    # --- the port of the idempotency layer

    def wall(self) -> float:
        return self._clock.wall()

    def steady(self) -> float:
        return self._clock.steady()

    def spelled(self, message: Any) -> Any:
        return message

    async def outcome_of(self, id: str) -> Any:
        return await self._supervisor.ask(OutcomeOf(id), timeout=REQUEST_SECONDS)

    async def deliver(self, message: Message[Any]) -> Any:
        return await self._supervisor.ask(message, timeout=REQUEST_SECONDS)

    async def _settled(self) -> None:
        await self._store.write(lambda connection: None, vital=True)

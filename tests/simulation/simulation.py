"""One run: a market, a venue, a disk and people that outlive the daemon, and a judge who sees the venue's ledger."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from random import Random
from typing import Any

from apsw import Connection

from opentrader.actors.messages import ExecuteTrade
from opentrader.actors.runtime.message import Message
from opentrader.domain.trading.venue import SymbolStatus
from opentrader.exchange.paper.ledger.ledger import Ledger, deposit
from opentrader.exchange.paper.ledger.schema import STEPS
from opentrader.exchange.paper.matching.book import Depth
from opentrader.exchange.paper.matching.engine import Rates
from opentrader.exchange.paper.matching.fees import Fees
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.session import Session, Terms
from opentrader.store.sqlite import schema
from opentrader.store.sqlite.database import Store
from tests.simulation.clock import LoopClock, SeededIds, every
from tests.simulation.daemon import BROKEN, Answer, Daemon
from tests.simulation.disk import SimulatedDisk, SimulatedReaders, SimulatedWriter, in_memory
from tests.simulation.judging.judge import Judge, Violation
from tests.simulation.judging.sending import judge_sending
from tests.simulation.loop import Life, VirtualLoop, outside
from tests.simulation.market import LISTINGS, START_MS, drawn
from tests.simulation.people import People
from tests.simulation.weather import CLIMATES, Weather
from tests.simulation.wire import Wire

# Some of each coin is the user's own: selling it is a violation, not a refusal.
BALANCE = {"USDT": Decimal(20_000), "BTC": Decimal("0.05"), "ETH": Decimal(1), "SOL": Decimal(20), "BNB": Decimal(3)}
ENGINE_MS = 13_000  # a request may be executed this long after its timestamp: 3 s of the line, 10 of the engine
MOST_STEPS = 40  # callbacks from the time of a kill to the kill
BACKUP_SECONDS = 300.0  # between two copies of the journal, where it may be lost
HALTED = ("BTCUSDT", "SOLUSDT")  # the symbols that the venue halts
HALTS: tuple[SymbolStatus, ...] = ("HALT", "BREAK", "CANCEL_ONLY")  # in turn
DOWN_SECONDS = 10.0  # mean time from a kill to the next start


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run found: the first violation of each kind, what happened, and a hash of all of it."""

    violations: tuple[Violation, ...]
    hours: float
    digest: str
    counts: dict[str, int]

    def first(self, kind: str) -> Violation | None:
        return next((one for one in self.violations if one.kind == kind), None)


class RigFailed(Exception):
    """Something of the simulation itself raised: a person, the line, or the judge. The run shows nothing."""


class Simulation:
    """Build it, `run` it once. The same seed, hours and climate give the same verdict.

    `people` starts whoever acts; by default traders, an operator and the user's own hands, at random. `hours` are of
    real time, as all is that the process and the line do; market time runs `speed` times as fast.
    """

    def __init__(
        self,
        seed: int,
        hours: float,
        climate: str = "mixed",
        people: Callable[[Simulation], None] = lambda simulation: People(simulation).start(),
        *,
        speed: float = 1.0,
    ) -> None:
        self._people = people
        self.seed, self.hours, self.climate = seed, hours, climate
        self.loop = VirtualLoop()
        self.clock = LoopClock(self.loop, speed)
        self.weather = Weather(CLIMATES[climate], self.stream("weather"))
        self.prices = drawn(self.stream("prices"), hours * speed)
        self.answers: list[tuple[float, Message[Any], str | None, Answer]] = []
        self.daemon: Daemon | None = None
        self.up_since = 0.0
        self._outstanding: dict[int, asyncio.Future[Answer]] = {}
        self._asked: dict[int, tuple[Message[Any], float]] = {}
        self._errors: list[BaseException] = []
        self._lives = 0
        self._outside = outside()
        self._ids = SeededIds(self.clock, self.stream("ids"))
        self._kills, self._losses = self.stream("kills"), self.stream("losses")
        self._instance = "SIM1"
        self._copies: list[tuple[Connection, str]] = []  # of the journal

    def stream(self, name: str) -> Random:
        """One source of chance for each concern, or one more draw here would move everything there."""
        return Random(f"{self.seed} {name}")

    def run(self) -> Verdict:
        asyncio.set_event_loop(self.loop)
        self.loop.set_exception_handler(self._on_error)
        with self._logged() as faults:
            self._build(faults)
            self.loop.call_at(self.hours * 3600, self.loop.stop, context=self._outside)
            try:
                self.loop.run_forever()
            finally:
                asyncio.set_event_loop(None)
        if self._errors:
            if self.daemon is not None:
                self.daemon.end()
            raise RigFailed(f"seed {self.seed}, {self.climate}, speed {self.clock.speed:g}") from self._errors[0]
        self.judge.closing()
        if self.daemon is not None:
            self.daemon.end()
        return Verdict(tuple(self.judge.violations.values()), self.loop.time() / 3600, self._digest(), self._counts())

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> None:
        """Run what outlives the daemon."""
        task = self.loop.create_task(coro, context=self._outside)
        task.add_done_callback(self._on_end, context=self._outside)

    def _on_end(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._errors.append(error)

    def _on_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback raised; the loop would only log it, and a judge that fell silent would find nothing."""
        if (error := context.get("exception")) is not None:
            self._errors.append(error)

    # --- the daemon

    def kill(self) -> None:
        """As SIGKILL does; the next life begins some seconds later."""
        if self.daemon is None:
            return
        self.daemon.end()
        self.daemon = None
        self._writer.forget()
        for future in self._outstanding.values():
            if not future.done():
                future.set_result(BROKEN)
        self._outstanding.clear()
        self.wire.under_way.clear()  # nobody waits for the answers any more
        self.loop.call_later(self._kills.expovariate(1 / DOWN_SECONDS), self._begin, context=self._outside)

    async def request(self, message: Message[Any], key: str | None = None) -> Answer:
        """Send a request as a client does; a kill breaks the connection."""
        daemon = self.daemon
        if daemon is None or not daemon.ready:
            return BROKEN
        future: asyncio.Future[Answer] = self.loop.create_future()
        self._outstanding[id(future)] = future
        self._asked[id(future)] = (message, self.loop.time())
        ended = self.judge.asked(message, key)
        task = self.loop.create_task(daemon.answer(message, key), context=daemon.context)
        task.add_done_callback(partial(_answered, future), context=self._outside)
        at = self.loop.time()
        try:
            answer = await future
        finally:
            self._outstanding.pop(id(future), None)
            del self._asked[id(future)]
        ended(answer)
        self.answers.append((at, message, key, answer))
        self.judge.answered(message, answer)
        return answer

    def asked_at(self, pair: str) -> float | None:
        """When the market entry of a pair was asked for that is not answered yet."""
        entries = (at for asked, at in self._asked.values() if isinstance(asked, ExecuteTrade) and asked.symbol == pair)
        return min(entries, default=None)

    def _begin(self) -> None:
        self._lives += 1
        self.up_since = self.loop.time()
        self.daemon = Daemon(
            Life(self._lives),
            self.loop,
            clock=self.clock,
            ids=self._ids,
            store=self.store,
            exchange=self.wire,
            disk=self.disk,
            prices=self.prices,
            weight=self.weather.climate.weight,
            instance=self._instance,
            on_fatal=self._on_fatal,
        )
        self.daemon.start()

    def _on_fatal(self, reason: str) -> None:
        """The process would end now, and systemd start it again."""
        self.judge.found("fatal", reason)
        self.loop.call_soon(self.kill, context=self._outside)

    def _kill_at_random(self) -> None:
        self.weather.seen["kill"] += self.daemon is not None
        self.kill()

    def _plan_kill(self) -> None:
        """At a random time, and then after a few more callbacks: between any two steps of whatever is under way."""
        mean = self.weather.climate.kills
        if mean:
            self.loop.call_later(self._kills.expovariate(1 / mean), self._aim, context=self._outside)

    def _aim(self) -> None:
        self.loop.after(self._kills.randrange(1, MOST_STEPS), self._kill_at_random)
        self._plan_kill()

    def lose_store(self, left: Connection | None = None, instance: str = "") -> None:
        """The journal is gone, or a copy is put in its place; a folder that begins anew has another instance id."""
        self.weather.seen["store lost" if left is None else "copy restored"] += 1
        self.kill()
        self._writer.replace(left or self._empty)
        self._instance = instance or f"L{self._lives:03}"

    def _lose_at_random(self) -> None:
        self.lose_store(*(self._losses.choice(self._copies) if self._losses.random() < 0.5 else ()))
        self._plan_loss()

    def _plan_loss(self) -> None:
        if mean := self.weather.climate.losses:
            self.loop.call_later(self._losses.expovariate(1 / mean), self._lose_at_random, context=self._outside)

    def copied(self) -> tuple[Connection, str]:
        """The journal as it is now, and its instance."""
        return self._writer.copy(), self._instance

    def _copy(self) -> None:
        self._copies.append(self.copied())

    # --- the rest of the world

    def _build(self, faults: list[logging.LogRecord]) -> None:
        journal, ledger = in_memory(), in_memory()
        schema.migrate(journal, schema.migrations())
        schema.migrate(ledger, STEPS)
        with ledger:
            for asset, amount in BALANCE.items():
                if asset in {"USDT", "BNB"} or self.weather.climate.coins:
                    deposit(ledger, asset, amount, START_MS)
        full = partial(self.weather.now, "full")
        self.disk = SimulatedDisk(lambda: bool(full()))
        self._writer = SimulatedWriter(journal, self.loop, self.disk, seconds=self.weather.commit)
        self.store = Store(self._writer, SimulatedReaders(journal), io.BytesIO(), self.disk)
        self.ledger = Ledger(
            SimulatedWriter(ledger, self.loop, SimulatedDisk(), seconds=lambda: 0.0, committed=self._look),
            SimulatedReaders(ledger),
        )
        self.session = Session(self.ledger, self.prices, LISTINGS, Terms())
        self.paper = PaperExchange(self.session, self.clock, recv_window_ms=int(ENGINE_MS * self.clock.speed))
        self.wire = Wire(self.loop, self.clock, self.paper, self.weather, self.stream("push"))
        self.judge = Judge(self, journal, ledger, faults)
        self.wire.on_sending = partial(judge_sending, self)
        self._databases = (journal, ledger)
        self.weather.on_change = self._set_terms
        self._set_terms()
        self.weather.start(self.loop, self.hours, self._outside)
        self.loop.call_soon(self._begin, context=self._outside)
        self._plan_kill()
        self._empty = self._writer.copy()
        if self.weather.climate.losses:
            self._copy()
            every(self.loop, BACKUP_SECONDS, self._copy)
            self._plan_loss()
        self.judge.start()
        self._people(self)

    def _look(self) -> None:
        """After each commit of the ledger; the judge is appointed once the ledger is open."""
        self.judge.look()

    def _set_terms(self) -> None:
        """The order books of the venue, as deep as the weather lets them be, and the status of its symbols."""
        halts = len(self.weather.now("halt"))
        status = HALTS[self.weather.seen["halt"] % len(HALTS)]
        self.session.statuses = dict.fromkeys(HALTED, status) if halts else {}
        thin = self.weather.now("thin")
        climate = self.weather.climate
        depth = Depth(level_notional=Decimal(50), levels=int(min(thin))) if thin else climate.depth
        fees = Fees(in_bnb=climate.bnb)
        self.session.terms = replace(Terms(), rates=Rates(depth=depth, fees=fees))

    @contextmanager
    def _logged(self) -> Iterator[list[logging.LogRecord]]:
        """The errors that the daemon logs: a fault that it swallows is a finding all the same."""
        records: list[logging.LogRecord] = []
        handler = _Collecting(records)
        logger = logging.getLogger("opentrader")
        before = logger.propagate, logger.level
        logger.addHandler(handler)
        logger.propagate = False
        logger.setLevel(logging.ERROR)
        try:
            yield records
        finally:
            logger.removeHandler(handler)
            logger.propagate, logger.level = before

    # --- the verdict

    def _digest(self) -> str:
        told = blake2b(digest_size=12)
        for connection in self._databases:
            for row in _everything(connection):
                told.update(repr(row).encode())
        told.update(str(self.loop.callbacks).encode())
        return told.hexdigest()

    def _counts(self) -> dict[str, int]:
        journal, ledger = self._databases
        counted = {
            "callbacks": self.loop.callbacks,
            "lives": self._lives,
            "requests": len(self.answers),
            "calls": sum(self.wire.calls.values()),
            "trades": _count(journal, "trades"),
            "closed": _count(journal, "history"),
            "events": _count(journal, "events"),
            "orders": _count(ledger, "orders"),
            "fills": _count(ledger, "trades"),
        }
        commands = journal.execute("SELECT kind, count(*) FROM commands GROUP BY kind ORDER BY kind")
        return counted | dict(commands) | dict(sorted(self.weather.seen.items()))


class _Collecting(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.ERROR)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


def _answered(future: asyncio.Future[Answer], task: asyncio.Task[Answer]) -> None:
    if not future.done():
        future.set_result(task.result())


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").get)


def _everything(connection: Connection) -> Iterator[Any]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    for (table,) in tables:
        yield from connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")

"""The system as a whole: it starts the parts that `composition` names, stops them in reverse, and takes all requests.

What `ask` and `view` check here holds for HTTP, the command line and an embedding program alike.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar, cast

from opentrader.actors import messages, views
from opentrader.actors.messages.validation import validated
from opentrader.actors.operations.agent_activity import report_activity
from opentrader.actors.operations.license_guard import Held, refused
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.supervision.supervisor import ActorStatus, Supervisor
from opentrader.actors.trading.activity import activity_of
from opentrader.actors.trading.reading.account import ReadAccount
from opentrader.actors.trading.recovery.repeats import OutcomeOf
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.clock import SortableIds
from opentrader.config.settings import Settings
from opentrader.domain.ports import Clock
from opentrader.domain.symbols import listing_of, pair_of
from opentrader.domain.time_limits import FIRST_READ_SECONDS, REQUEST_SECONDS
from opentrader.domain.trading.exchange import VenueState
from opentrader.domain.trading.ports import DiskState
from opentrader.errors import NotReady, OpentraderError, ShuttingDown, StorageFull
from opentrader.exchange.connection import VenueConnection
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.jit.kernels import CompiledKernels
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.schema import refuse_damaged_history
from opentrader.store.tables.audit import AuditTable
from opentrader.store.tables.idempotency import IdempotencyTable
from opentrader.store.upkeep import look_after
from opentrader.system.composition import adapters_of, add_actors, connect, open_exchange
from opentrader.system.market import Market, open_market
from opentrader.system.timeline import found_shift

R = TypeVar("R")
M = TypeVar("M", bound=Message[Any])

_REGISTER = (
    "curl -X POST {base}/api/license/register -H 'Content-Type: application/json'{token}"
    ' -d \'{{"email":"you@example.com","name":"Your Name"}}\''
)

_AUTHORIZED = ' -H "Authorization: Bearer $OPENTRADER_API_TOKEN"'  # not the token itself: it would end up in logs
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (an address to listen on, not to connect to)

logger = logging.getLogger(__name__)


class TradingSystem:
    """The daemon without a port: `async with TradingSystem(settings) as system: await system.ask(message)`.

    One loop runs it from `start` to `stop`. `ask` raises the errors of `opentrader.errors`.
    """

    def __init__(self, settings: Settings | None = None, *, on_stuck: Callable[[str], object] | None = None) -> None:
        """`on_stuck(name)` is called on the loop when a handler of an actor has been running for five seconds."""
        self.settings, self._on_stuck = settings or Settings(), on_stuck
        self._store: Store | None = None
        self._kernels = CompiledKernels()
        self._market: Market | None = None
        self._exchange: PaperExchange | None = None
        self._connection: VenueConnection | None = None
        self._started_at = 0.0
        self._checking: asyncio.Task[None] | None = None
        self._upkeep: asyncio.Task[NoReturn] | None = None
        self._supervisor: Supervisor | None = None
        self._started = self._stopping = False
        self._fatal: asyncio.Future[str] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def ready(self) -> bool:
        """Whether it has started and is not stopping."""
        return self._started and not self._stopping

    async def start(self) -> None:
        """Open the store and the market, start the actors, and register the license from the settings.

        Raises `ConfigError` (folder in use, damaged store, unusable feed); then nothing is left running.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop in reverse order: actors, market, store. May be called twice."""
        first, self._stopping = not self._stopping, True
        if first:
            logger.info("stopping")
        if self._supervisor is not None:
            await self._supervisor.stop()
        if self._upkeep is not None:
            self._upkeep.cancel()
        await self._kernels.close()
        if self._connection is not None:
            await self._connection.close()
        if self._exchange is not None:
            await asyncio.to_thread(self._exchange.close)
        if self._checking is not None:  # a start that failed may have left it to its thread
            await asyncio.gather(self._checking, return_exceptions=True)
        if self._store is not None:
            await asyncio.to_thread(self._store.close)
        if first:
            logger.info("stopped")

    async def wait_fatal(self) -> str:
        """Wait until the daemon cannot continue, for example after too many crashes; returns the reason."""
        assert self._fatal is not None
        return await asyncio.shield(self._fatal)

    def admit(self, kind: type[Message[Any]]) -> None:
        """Raise the errors that refuse every message of a type: not ready, no license. Checked before its values."""
        supervisor = self._running()
        if kind.licensed and not self._licensed() and not (kind.reduces and self._at_risk()):
            raise refused(supervisor.snapshot("license_guard"), self._clock.wall(), self.register_curl())

    def _licensed(self) -> bool:
        assert self._supervisor is not None
        held: Held = self._supervisor.snapshot("license_guard")
        return held.license.status(self._clock.wall(), held.clock_high_water) != "required"

    def _at_risk(self) -> bool:
        """Whether we have a position, an entry in flight or a pending entry: reducing it needs no license."""
        snapshot: TradingSnapshot = self._running().snapshot("position_manager")
        coming = any(trade.entry_works for trade in snapshot.trades)
        return coming or bool(snapshot.open_trades() or snapshot.pending() or snapshot.restored)

    async def ask(self, message: Message[R], timeout: float = REQUEST_SECONDS) -> R:
        """Check a message (`admit`, `validated`, `spelled`), have its owner handle it, and return the reply."""
        self.admit(type(message))
        checked: Message[R] = validated(message)
        if isinstance(checked, messages.View):
            return cast(R, self.view(checked))
        return await self.deliver(self.spelled(checked), timeout)

    async def deliver(self, message: Message[R], timeout: float = REQUEST_SECONDS) -> R:
        """Have its owner handle a message that was checked as `ask` does it: HTTP has parsed it, and checks it once."""
        running = self._running()
        return await report_activity(running.tell, *activity_of(message), running.ask(message, timeout=timeout))

    def view(self, query: messages.View[R]) -> R:
        """Answer a view from the published snapshots; never waits. As for `deliver`, its values are valid."""
        s = self.settings
        asking = views.Asking(
            now=self._clock.wall(),
            steady=self._clock.steady(),
            market_ms=self._clock.market_ms(),
            commit=s.commit,
            ttl_seconds=s.market_ttl_seconds,
            venue="paper",
            watchlist=tuple(name.upper() for name in s.watchlist),
            max_trades_day=s.risk_max_trades_day,
            started_at=self._started_at,
            speed=s.speed,
            venue_state=VenueState() if self._connection is None else self._connection.state(),
            disk=self.disk(),
        )
        return views.render(self.spelled(query), self._running(), asking)

    def moment(self) -> tuple[int, int, int]:
        """Everything that a view depends on besides its query. While it is equal, no reply changes."""
        return self._running().published, int(self._clock.wall()), self._clock.market_ms() // 1000

    def wall(self) -> float:
        """The time of its clock, in Unix seconds."""
        return self._clock.wall()

    def steady(self) -> float:
        """Unix seconds that nobody can set; see the port."""
        return self._clock.steady()

    def disk(self) -> DiskState:
        """The disk under the data folder."""
        assert self._store is not None
        return self._store.disk.state()

    async def settled(self) -> None:
        """Return once every write passed to the store before is on disk or has failed."""
        assert self._store is not None
        await self._store.write(lambda connection: None, vital=True)

    def actors(self) -> list[ActorStatus]:
        """Every actor: whether it is alive, how many messages wait, how often it was restarted."""
        return self._running().status()

    async def outcome_of(self, id: str) -> Any:
        """What became of an intent or a command, as its first request is told; None if the intent was never sent.

        Waits for the outcome as the first request did, and raises the same errors.
        """
        return await self._running().ask(OutcomeOf(id), timeout=REQUEST_SECONDS)

    @contextmanager
    def changes(self) -> Iterator[asyncio.Queue[str]]:
        """A queue that gets the name of each actor that publishes a snapshot, while the context lasts."""
        queue: asyncio.Queue[str] = asyncio.Queue(1000)
        supervisor = self._running()
        supervisor.listen(queue)
        try:
            yield queue
        finally:
            supervisor.unlisten(queue)

    def register_curl(self) -> str:
        """The shell command that registers the free license with this daemon."""
        token = _AUTHORIZED if self.settings.api_token is not None else ""
        return _REGISTER.format(base=self.base_url(), token=token)

    def base_url(self) -> str:
        """The URL of this daemon for programs on the same machine."""
        host = _REACHED_AT.get(self.settings.host, self.settings.host)
        name = f"[{host.replace('%', '%25')}]" if ":" in host else host  # RFC 6874: a zone's % is written %25
        return f"http://{name}:{self.settings.port}"

    async def _start(self) -> None:
        s = self.settings
        logger.info("starting on %s: feed %s, exchange %s", s.data_dir, s.feed, s.exchange)
        loop = asyncio.get_running_loop()
        self._fatal = loop.create_future()
        self._store = await asyncio.to_thread(Store.open, self.settings.data_dir, self._on_failed_disk(loop))
        self._checking = loop.create_task(self._store.read_async(refuse_damaged_history))
        await self._kernels.begin()
        self._market = await open_market(self.settings, self._store, self._first_shift)
        self._clock: Clock = self._market.clock
        self._started_at = self._clock.steady()
        self._exchange = await open_exchange(self.settings, self._market, self._on_failed_disk(loop))
        self.idempotency = IdempotencyTable(self._store)
        self.audit_log = AuditTable(self._store)
        supervisor = Supervisor(
            loop, self._clock, SortableIds(), on_fatal=self._on_fatal, on_stuck=self._on_stuck, barrier=self.settled
        )
        self._supervisor = supervisor  # set before its start, which may be cancelled: `stop` needs it
        self._connection = connect(self._exchange, self.settings, self._market)
        adapters = await adapters_of(self._store, self._market, self._connection, self._kernels)
        add_actors(supervisor, self.settings, adapters, licensed=self._licensed)
        await self._checking  # what the actors read of the history must be all there is
        await supervisor.start()
        with suppress(OpentraderError):  # an exchange that does not answer blocks entries, nothing else
            await supervisor.ask(ReadAccount(), timeout=FIRST_READ_SECONDS)
        self._upkeep = loop.create_task(look_after(self._store, self._on_fatal))
        self._started = True
        await self._register()
        logger.info("started")

    async def _first_shift(self, now_ms: int) -> int:
        return await found_shift(self.settings, self._kernels, now_ms)

    async def _register(self) -> None:
        email, name = self.settings.license_email, self.settings.license_name
        if email is not None:
            try:
                await self.ask(messages.RegisterLicense(email, name or email))
            except StorageFull as error:  # open positions must be looked after all the same
                logger.error("the license of %s was not registered: %s", email, error)

    def spelled(self, message: M) -> M:
        """The same message with its symbol as a pair; raises `SymbolNotFound` where the symbol must be listed."""
        symbol = getattr(message, "symbol", None)
        if symbol is None or self._market is None:
            return message
        listings = self._market.feed.listings()
        keyed = isinstance(message, messages.OfMarket)
        pair = listing_of(symbol, listings).pair if keyed else pair_of(symbol, listings)
        return replace(message, symbol=pair)  # type: ignore[type-var]  # every message is a dataclass

    def _running(self) -> Supervisor:
        if self._stopping:
            raise ShuttingDown("the daemon is stopping", hint="retry once it has restarted")
        if self._supervisor is None or not self._started:
            raise NotReady("the daemon is starting", hint="retry in a second")
        return self._supervisor

    def _on_failed_disk(self, loop: asyncio.AbstractEventLoop) -> Callable[[str], object]:
        """Ends the daemon, from any thread: only the next start can find out what is on the disk."""
        return lambda reason: loop.call_soon_threadsafe(self._on_fatal, reason)

    def _on_fatal(self, reason: str) -> None:
        if self._fatal is not None and not self._fatal.done():
            self._fatal.set_result(reason)

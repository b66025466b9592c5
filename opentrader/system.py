"""The composition root: the one module that knows everyone.

It builds the adapters, hands them to the actors, starts these in the order of dependency and stops them in reverse;
and it is the door: what `ask` and `view` do here holds for HTTP, the command line and an embedding program alike.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from opentrader.actors import messages as m
from opentrader.actors import views
from opentrader.actors.agent_board import AgentBoard
from opentrader.actors.license_guard import Held, LicenseGuard
from opentrader.actors.market_analyzer import Horizon, MarketAnalyzer
from opentrader.actors.message import Message
from opentrader.actors.mr_combined import MrCombined, Rule
from opentrader.actors.scanner import Scanner
from opentrader.actors.signal_book import Limits, SignalBook
from opentrader.actors.supervisor import ActorStatus, Supervisor
from opentrader.actors.trend_book import TrendBook
from opentrader.clock import SortableIds
from opentrader.config import Settings
from opentrader.domain.ports import Clock, Feed, Ids
from opentrader.domain.symbols import listing_of, pair_of
from opentrader.errors import LicenseRequired, NotReady, ShuttingDown
from opentrader.exchange import NoPositions
from opentrader.kernels import Kernels
from opentrader.market_time import Market, open_market
from opentrader.store.database import Store
from opentrader.store.identity import Identity, identity_of
from opentrader.store.ports import AgentTable, LicenceTable, SignalTable, TrendTable

R = TypeVar("R")
M = TypeVar("M", bound=Message[Any])

ANSWER_SECONDS = 300.0
_REGISTER = (
    "curl -X POST {base}/api/license/register -H 'Content-Type: application/json'"
    ' -d \'{{"email":"you@example.com","name":"Your Name"}}\''
)

_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (an address to listen on is none to call)

logger = logging.getLogger(__name__)


class TradingSystem:
    """The daemon without a port: `async with TradingSystem(settings) as system: await system.ask(message)`.

    One loop runs it from `start` to `stop`. `ask` raises the errors of `opentrader.errors`.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._store: Store | None = None
        self._kernels = Kernels()
        self._market: Market | None = None
        self._supervisor: Supervisor | None = None
        self._stopping = False
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
        """Whether it answers: started, and not stopping."""
        return self._supervisor is not None and not self._stopping

    async def start(self) -> None:
        """Open the store, choose the market, start the actors, register the licence that the settings name.

        Raises `ConfigError` (a folder in use, a damaged store, an unusable feed) and leaves nothing running.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop in reverse order: actors, market, store. May be called twice."""
        self._stopping = True
        if self._supervisor is not None:
            await self._supervisor.stop()
        if self._market is not None:
            await self._market.close()
        await self._kernels.close()
        if self._store is not None:
            await asyncio.to_thread(self._store.close)

    async def wait_fatal(self) -> str:
        """Return, with the reason, when the daemon cannot go on: actors that die faster than restarts help."""
        assert self._fatal is not None
        return await asyncio.shield(self._fatal)

    def admit(self, kind: type[Message[Any]]) -> None:
        """Raise what refuses every message of a kind, before its values are looked at: not ready, no licence."""
        supervisor = self._running()
        if kind.licensed:
            held: Held = supervisor.snapshot("license_guard")
            if held.licence.status(self._clock.wall(), held.clock_high_water) == "required":
                raise LicenseRequired("a licence is required", hint=f"it is free: {self.register_curl()}")

    async def ask(self, message: Message[R], timeout: float = ANSWER_SECONDS) -> R:
        """Have the owner of a message handle it, and return what it answers."""
        self.admit(type(message))
        if isinstance(message, m.View):
            return cast(R, self.view(message))
        return await self._running().ask(self._spelled(message), timeout=timeout)

    def view(self, query: m.View[R]) -> R:
        """Answer a view from what the actors have published; never waits."""
        asking = views.Asking(
            self._clock.wall(),
            self._clock.market_ms(),
            self.settings.commit,
            self.settings.market_ttl_seconds,
        )
        return views.render(self._spelled(query), self._running(), asking)

    def moment(self) -> tuple[int, int, int]:
        """What a view depends on besides its query. Between equal moments no answer changes."""
        return self._running().published, int(self._clock.wall()), self._clock.market_ms() // 1000

    def actors(self) -> list[ActorStatus]:
        """Every actor: alive, how many messages wait, how often it was restarted."""
        return self._running().status()

    def register_curl(self) -> str:
        """The command that registers the free licence at this daemon."""
        host = _REACHED_AT.get(self.settings.host, self.settings.host)
        return _REGISTER.format(base=f"http://{host}:{self.settings.port}")

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._fatal = loop.create_future()
        self._store = await asyncio.to_thread(Store.open, self.settings.data_dir)
        identity = await identity_of(self._store)
        self._market = await open_market(self.settings, self._store, self._first_shift)
        self._clock: Clock = self._market.clock
        ids: Ids = SortableIds()
        supervisor = Supervisor(loop, self._clock, ids, on_fatal=self._on_fatal)
        self._compose(supervisor, self._store, identity, self._market.feed, self._kernels)
        await supervisor.start()
        self._supervisor = supervisor
        await self._kernels.begin()
        self._market.begin()
        await self._register()

    def _compose(self, supervisor: Supervisor, store: Store, identity: Identity, feed: Feed, kernels: Kernels) -> None:
        """All actors, in the order of dependency."""
        settings, listings, positions = self.settings, feed.listings(), NoPositions()
        watchlist = tuple(listing_of(symbol, listings).pair for symbol in settings.watchlist)
        names = {pair: listings[pair].name for pair in watchlist}
        licences = LicenceTable(store, machine_id=identity.machine_id, secret=identity.secret)
        limits = Limits(settings.signal_ttl_minutes * 60, settings.risk_max_trades_day)
        rule = Rule(settings.mr_timeframe, settings.risk_max_trades_day, settings.mr_require_gate)
        horizon = Horizon(settings.mr_timeframe, settings.mr_history, settings.market_ttl_seconds)
        supervisor.add("license_guard", lambda context: LicenseGuard(context, licences))
        supervisor.add("agent_board", lambda context: AgentBoard(context, AgentTable(store)))
        supervisor.add("trend_book", lambda context: TrendBook(context, TrendTable(store)))
        supervisor.add("signal_book", lambda context: SignalBook(context, SignalTable(store), positions, limits))
        supervisor.add_family("market_analyzer", lambda context: MarketAnalyzer(context, feed, kernels, horizon))
        supervisor.add(
            "scanner",
            lambda context: Scanner(
                context, watchlist=watchlist, names=names, source=feed.source, ttl_sec=horizon.ttl_seconds
            ),
        )
        supervisor.add(
            "mr_combined",
            lambda context: MrCombined(context, watchlist=watchlist, listings=listings, positions=positions, rule=rule),
        )

    async def _first_shift(self, now_ms: int) -> int:
        s = self.settings
        chosen = await self._kernels.run(
            "opentrader.first_shift.first_shift", s.feed, s.watchlist, s.mr_timeframe, now_ms
        )
        return int(chosen)

    async def _register(self) -> None:
        email, name = self.settings.license_email, self.settings.license_name
        if email is not None:
            await self.ask(m.RegisterLicense(email, name or email))

    def _spelled(self, message: M) -> M:
        """The same message with its symbol as a pair; raises `SymbolNotFound` where only listed ones will do."""
        symbol = getattr(message, "symbol", None)
        if symbol is None or self._market is None:
            return message
        listings = self._market.feed.listings()
        keyed = isinstance(message, m.OfMarket)
        pair = listing_of(symbol, listings).pair if keyed else pair_of(symbol, listings)
        return replace(message, symbol=pair)  # type: ignore[type-var]

    def _running(self) -> Supervisor:
        if self._stopping:
            raise ShuttingDown("the daemon is stopping", hint="ask again once it has started anew")
        if self._supervisor is None:
            raise NotReady("the daemon is starting", hint="ask again in a second")
        return self._supervisor

    def _on_fatal(self, reason: str) -> None:
        if self._fatal is not None and not self._fatal.done():
            self._fatal.set_result(reason)

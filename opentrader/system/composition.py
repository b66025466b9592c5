"""The parts of the system in the order in which they are built: adapters first, then actors in dependency order."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

from opentrader.actors.analysis.market_analyzer import Horizon, MarketAnalyzer
from opentrader.actors.analysis.scanner import Scanner
from opentrader.actors.analysis.trend_book import TrendBook
from opentrader.actors.operations.agent_board import AgentBoard
from opentrader.actors.operations.license_guard import Held, LicenseGuard
from opentrader.actors.operations.news import NewsCache
from opentrader.actors.operations.pager import Pager
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.actors.signals.mr_combined import MrCombined, Rule
from opentrader.actors.signals.operator import Messenger, OperatorApprovals, OperatorChannel
from opentrader.actors.signals.signal_book import SignalBook, SignalLimits
from opentrader.actors.trading.history import HistoryReader
from opentrader.actors.trading.pending_entry_watcher import PendingEntryWatcher
from opentrader.actors.trading.position_manager import PositionManager
from opentrader.actors.trading.replies.snapshot import SnapshotPositions, TradingSnapshot
from opentrader.config.settings import Settings
from opentrader.domain.license import behind
from opentrader.domain.ports import Clock, Kernels, Positions
from opentrader.domain.symbols import listed
from opentrader.domain.time_limits import RECV_WINDOW_MS
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.lifecycle import BINANCE
from opentrader.domain.trading.ports import Records
from opentrader.domain.trading.risk import Risk
from opentrader.exchange.connection import VenueConnection
from opentrader.exchange.governor import Governor
from opentrader.exchange.paper.ledger.starting_balance import parse_balance
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.wire import Wire, parse_wire
from opentrader.news import FeedReader, parse_feeds
from opentrader.store.archive import archive_events
from opentrader.store.identity import Identity, identity_of
from opentrader.store.sqlite import backup
from opentrader.store.sqlite.database import Store
from opentrader.store.tables.agents import AgentTable
from opentrader.store.tables.audit import AuditTable
from opentrader.store.tables.commands import CommandTable
from opentrader.store.tables.control import ControlTable
from opentrader.store.tables.entry_counts import EntryCountTable
from opentrader.store.tables.history import HistoryTable
from opentrader.store.tables.idempotency import IdempotencyTable
from opentrader.store.tables.journal import JournalTable
from opentrader.store.tables.licenses import LicenseTable
from opentrader.store.tables.signals import SignalTable
from opentrader.store.tables.trends import TrendTable
from opentrader.system.market import Market
from opentrader.telegram import Bot, Silent
from opentrader.telegram.bot import URL_OF_TELEGRAM

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Adapters:
    """Everything that does I/O; opened before the first actor starts, and passed to the actors."""

    store: Store
    identity: Identity
    instance: str  # the four letters and digits of this data folder in client order ids
    market: Market
    exchange: Exchange
    kernels: Kernels


async def adapters_of(store: Store, market: Market, exchange: Exchange, kernels: Kernels) -> Adapters:
    """The adapters, with the identity of this installation from the store."""
    return Adapters(
        store=store,
        identity=await identity_of(store),
        instance=await ControlTable(store).instance(),
        market=market,
        exchange=exchange,
        kernels=kernels,
    )


def connect(exchange: PaperExchange, settings: Settings, market: Market) -> VenueConnection:
    """The port over the calls of the exchange."""
    governor = Governor(exchange.transport.wire.terms.weight, asyncio.get_running_loop().time)
    return VenueConnection(exchange, market.clock, governor=governor, speed=settings.speed)


async def open_exchange(settings: Settings, market: Market, on_failed: Callable[[str], object]) -> PaperExchange:
    """Open the paper exchange of a data folder. `on_failed(reason)` is called on another thread when its disk fails."""
    return await PaperExchange.open(
        settings.data_dir,
        market.feed,
        market.clock,
        balance=parse_balance(settings.paper_balance),
        recv_window_ms=int(RECV_WINDOW_MS * max(1.0, settings.speed)),
        wire=Wire(parse_wire(settings.paper_wire)),
        speed=max(1.0, settings.speed),
        on_failed=on_failed,
    )


def add_actors(supervisor: Supervisor, settings: Settings, adapters: Adapters, *, licensed: Callable[[], bool]) -> None:
    """Add every actor in dependency order: an actor may ask those added before it."""
    _warn_of_unlisted(settings, adapters.market)
    snapshot = partial(_trading_snapshot, supervisor)
    _add_books(supervisor, settings, adapters, SnapshotPositions(snapshot))
    _add_analysis(supervisor, settings, adapters, SnapshotPositions(snapshot))
    _add_trading(supervisor, settings, adapters, licensed)
    supervisor.add("pending_entry_watcher", lambda context: PendingEntryWatcher(context, snapshot))
    _add_pager(supervisor, settings, adapters)
    _add_readers(supervisor, settings, adapters)


def _trading_snapshot(supervisor: Supervisor) -> TradingSnapshot:
    return cast(TradingSnapshot, supervisor.snapshot("position_manager"))


def _watchlist(settings: Settings, market: Market) -> tuple[str, ...]:
    """The watchlist of the settings as pairs, without those that are not listed any more."""
    return listed(settings.watchlist, market.feed.listings())


def _warn_of_unlisted(settings: Settings, market: Market) -> None:
    listings = market.feed.listings()
    for symbol in settings.watchlist:
        if not listed([symbol], listings):
            logger.warning("%s of the watchlist is not listed, and left out", symbol)


def _add_books(supervisor: Supervisor, settings: Settings, adapters: Adapters, positions: Positions) -> None:
    """The owners of state other than analysis and trades: operator, license, agents, trends, signals."""
    store, identity = adapters.store, adapters.identity
    messenger, nonce = messenger_of(settings), partial(secrets.token_urlsafe, 16)
    licenses = LicenseTable(store, machine_id=identity.machine_id, secret=identity.secret)
    limits = SignalLimits(settings.signal_ttl_minutes * 60, settings.risk_max_trades_day)
    supervisor.add("telegram_desk", lambda context: OperatorChannel(context, messenger, nonce))
    supervisor.add("license_guard", lambda context: LicenseGuard(context, licenses))
    supervisor.add("agent_board", lambda context: AgentBoard(context, AgentTable(store)))
    supervisor.add("trend_book", lambda context: TrendBook(context, TrendTable(store)))
    supervisor.add(
        "signal_book",
        lambda context: SignalBook(context, SignalTable(store), positions, limits, OperatorApprovals(context.ask)),
    )


def _add_analysis(supervisor: Supervisor, settings: Settings, adapters: Adapters, positions: Positions) -> None:
    """The analyzers, and the actors that ask them: the scanner and the bot."""
    feed, kernels, watchlist = adapters.market.feed, adapters.kernels, _watchlist(settings, adapters.market)
    listings = feed.listings()
    names = {pair: listings[pair].name for pair in watchlist}
    horizon = Horizon(settings.mr_timeframe, settings.mr_history, settings.market_ttl_seconds)
    rule = Rule(settings.mr_timeframe, settings.risk_max_trades_day, settings.mr_require_gate)
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


def _add_trading(supervisor: Supervisor, settings: Settings, adapters: Adapters, licensed: Callable[[], bool]) -> None:
    """The one actor that moves money. It comes before the actors that read its snapshot."""
    store = adapters.store
    records = Records(
        journal=JournalTable(store),
        commands=CommandTable(store),
        history=HistoryTable(store),
        entry_counts=EntryCountTable(store),
        control=ControlTable(store),
    )
    risk, watchlist = risk_of(settings), _watchlist(settings, adapters.market)
    supervisor.add(
        "position_manager",
        lambda context: PositionManager(
            context,
            adapters.exchange,
            records,
            store.disk,
            risk=risk,
            rules=BINANCE.at_speed(settings.speed),
            instance=adapters.instance,
            licensed=licensed,
            watchlist=watchlist,
            timeframe=settings.mr_timeframe,
            speed=settings.speed,
        ),
        vital=True,
    )


def _add_pager(supervisor: Supervisor, settings: Settings, adapters: Adapters) -> None:
    """It reads what the others have published, and waits for none of them."""
    clock = adapters.market.clock

    def clock_behind() -> str | None:
        held: Held = supervisor.snapshot("license_guard")
        return behind(clock.wall(), max(clock.steady(), held.clock_high_water))

    supervisor.add(
        "pager",
        lambda context: Pager(
            context,
            supervisor,
            venue=adapters.exchange.state,
            disk=adapters.store.disk.state,
            clock_behind=clock_behind,
            speed=settings.speed,
            telegram=settings.telegram_token is not None and settings.telegram_chat_id is not None,
        ),
    )


def _add_readers(supervisor: Supervisor, settings: Settings, adapters: Adapters) -> None:
    """News, and the history with the hourly housekeeping."""
    store, tidy = adapters.store, partial(tidied, settings, adapters.store, adapters.market.clock)
    feeds = FeedReader(parse_feeds(settings.news_feeds))
    supervisor.add("news_desk", lambda context: NewsCache(context, feeds))
    supervisor.add("archive", lambda context: HistoryReader(context, HistoryTable(store), AuditTable(store), tidy))


def messenger_of(settings: Settings) -> Messenger:
    """Telegram, or a messenger that reports that it is not configured."""
    if settings.telegram_token is None or settings.telegram_chat_id is None:
        return Silent()
    token, url = settings.telegram_token.get_secret_value(), settings.telegram_url or URL_OF_TELEGRAM
    return Bot(token, settings.telegram_chat_id, url=url)


def risk_of(settings: Settings) -> Risk:
    """The limits on what a trade may risk."""
    return Risk(
        per_trade_pct=settings.risk_per_trade_pct,
        max_notional_pct=settings.risk_max_notional_pct,
        max_open=settings.risk_max_open,
        max_trades_day=settings.risk_max_trades_day,
        max_daily_loss_pct=settings.risk_max_daily_loss_pct,
        cooldown_sec=settings.risk_cooldown_sec,
        collar_pct=settings.risk_collar_pct,
    )


async def tidied(settings: Settings, store: Store, clock: Clock, at: float) -> None:
    """Once an hour: back up the store, drop expired Idempotency-Keys, and archive the events of old trades."""
    await IdempotencyTable(store).expire(int(at))
    await asyncio.to_thread(backup.hourly, settings.data_dir, int(at))
    await archive_events(store, settings.data_dir, clock.market_ms())

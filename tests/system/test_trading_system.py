"""The daemon in-process, as an embedding program has it: real store, real feeds, no port."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import apsw
import pykka
import pytest

from opentrader import (
    CandlesOf,
    ClosePosition,
    ExecuteTrade,
    HealthOf,
    MarketOf,
    MarketRows,
    PendingText,
    PostSignal,
    RegisterLicense,
    ScanAndSignal,
    ScanMarkets,
    Settings,
    SignalOf,
    StatusOf,
    TradingSystem,
    UpdateAgent,
)
from opentrader.actors.analysis.market_analyzer import Horizon, MarketAnalyzer
from opentrader.actors.analysis.trend_book import TrendBook
from opentrader.actors.messages import (
    NoteTrends,
    StoreTrend,
    TrendRows,
)
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.clock import SortableIds, SystemClock
from opentrader.errors import (
    ConfigError,
    InternalError,
    LicenseRequired,
    NotReady,
    RiskLimit,
    ShuttingDown,
    SymbolNotFound,
)
from opentrader.feed.simulated import SimulatedFeed
from opentrader.indicators import market_context
from opentrader.store import Store
from opentrader.store.sqlite.folder import DATABASE
from opentrader.store.tables.history import HistoryTable
from tests.fakes.kernels import WarmKernels
from tests.feed.given.candles import made_up_listings
from tests.store.given import CLOSED, overwrite_page, zero_cells


def settings(folder: Path, **changes: object) -> Settings:
    return Settings(data_dir=folder, feed="simulated", **changes)  # type: ignore[arg-type]  # pydantic reads them as it reads variables


async def test_a_newcomer_sees_a_trade_explained_and_a_signal(tmp_path):
    registered = settings(tmp_path / "d", license_email="me@example.com", license_name="Me")
    async with TradingSystem(registered) as system:
        assert system.view(HealthOf()).license_status == "active"
        scan = await system.ask(ScanMarkets())
        assert scan.summary.trade_long + scan.summary.trade_short >= 1
        assert scan.exchange == "simulated"
        found = await system.ask(ScanAndSignal())
        assert found.signaled
        assert found.signaled[0].symbol in system.view(PendingText())
        assert system.view(MarketRows()).count == 8


async def test_scan_rows_equal_the_pure_function_on_the_candles_that_are_served(tmp_path):
    async with TradingSystem(settings(tmp_path / "d")) as system:
        scan = await system.ask(ScanMarkets())
        for row in scan.results:
            mtf, htf = [await rows_of(system, row.symbol, tf) for tf in (row.mtf_tf, row.htf_tf)]
            now_ms = row.timestamp * 1000
            pure = market_context(htf, mtf, htf_tf=row.htf_tf, mtf_tf=row.mtf_tf, now_ms=now_ms, symbol=row.symbol)
            assert row == pure


async def rows_of(system: TradingSystem, symbol: str, timeframe: str) -> list[list[float]]:
    served = await system.ask(CandlesOf(symbol, timeframe, 501))  # type: ignore[arg-type]  # a row's own timeframe
    return [[c.timestamp * 1000, c.open, c.high, c.low, c.close, c.volume] for c in served.candles]


async def test_history_is_the_same_after_a_restart(tmp_path):
    candles = []
    for _ in "ab":
        async with TradingSystem(settings(tmp_path / "d")) as system:
            candles.append([c for c in (await system.ask(CandlesOf("BTC", "1d", 500))).candles if c.closed])
    assert candles[0][-400:] == candles[1][-400:]


async def test_the_license_gate_holds_at_every_door(tmp_path):
    async with TradingSystem(settings(tmp_path / "d")) as system:
        with pytest.raises(LicenseRequired) as refused:
            await system.ask(ScanAndSignal())
        assert "curl -X POST http://127.0.0.1:8000/api/license/register" in refused.value.hint


async def test_what_is_held_can_be_closed_without_a_license(tmp_path):
    chosen = settings(tmp_path / "d", license_email="me@example.com", license_name="Me")
    async with TradingSystem(chosen) as system:
        await system.ask(ExecuteTrade("ETH", "buy", bot="b", sl=5.0, tp=9.0, ev=30.0, confidence=9))
    connection = apsw.Connection(str(tmp_path / "d" / "opentrader.db"))
    connection.execute("DELETE FROM licence")
    connection.close()
    async with TradingSystem(settings(tmp_path / "d")) as system:
        assert system.view(HealthOf()).license_status == "required"
        with pytest.raises(LicenseRequired):
            await system.ask(ExecuteTrade("BTC", "buy", bot="b", sl=5.0, tp=9.0, ev=30.0, confidence=9))
        system.admit(StatusOf)
        assert (await system.ask(ClosePosition("ETH"))).count == 1
        with pytest.raises(LicenseRequired):  # nothing is held any more
            await system.ask(ClosePosition("ETH"))


async def test_what_is_at_risk_is_worked_out_only_without_a_license(tmp_path, monkeypatch):
    asked = []

    def at_risk(system):
        asked.append(1)
        return True

    monkeypatch.setattr(TradingSystem, "_at_risk", at_risk)
    async with TradingSystem(settings(tmp_path / "d")) as system:
        system.admit(StatusOf)
        assert asked == [1]
        await system.ask(RegisterLicense("me@example.com", "Me"))
        system.admit(StatusOf)
        assert asked == [1]


async def test_a_symbol_may_be_spelled_in_any_way_and_must_be_listed_to_be_analysed(tmp_path):
    async with TradingSystem(settings(tmp_path / "d")) as system:
        answers = [await system.ask(MarketOf(s)) for s in ("btc", "BTCUSDT", "BTC/USDT", "btc-usdt:usdt")]
        assert {answer.symbol for answer in answers} == {"BTC"}
        with pytest.raises(SymbolNotFound):
            await system.ask(MarketOf("NOSUCHCOIN"))
        posted = await system.ask(PostSignal(symbol="made/up", direction="buy", bot="b"))
        assert posted.symbol == "MADEUP"
        assert system.view(SignalOf("MADE/UP")).status == "pending"


@pytest.mark.parametrize("damage", [zero_cells, overwrite_page])
async def test_a_damaged_history_lets_nothing_start(tmp_path, damage):
    """Nothing else would tell of lost rows: the limits of the day would count only those that are left."""
    folder, entry = tmp_path / "d", ExecuteTrade("ETH", "buy", bot="b", sl=5.0, tp=9.0, ev=30.0, confidence=9)
    chosen = settings(folder, license_email="me@example.com", license_name="Me")
    async with TradingSystem(chosen) as system:
        loss = replace(CLOSED, pnl=Decimal(-2000), closed_at=int(system.wall()))
    with closing(Store.open(folder)) as store:
        await HistoryTable(store).add([loss], 1)
    async with TradingSystem(chosen) as system:
        with pytest.raises(RiskLimit):
            await system.ask(entry)
    damage(folder, "history")
    with pytest.raises(ConfigError) as refused:
        async with TradingSystem(chosen) as system:
            await system.ask(entry)
    assert str(folder / DATABASE) in refused.value.detail
    assert "backup" in refused.value.hint


async def test_two_daemons_do_not_share_a_data_folder(tmp_path):
    async with TradingSystem(settings(tmp_path / "d")):
        with pytest.raises(ConfigError):
            await TradingSystem(settings(tmp_path / "d")).start()
    async with TradingSystem(settings(tmp_path / "d")) as again:
        assert again.ready


async def test_before_the_start_and_after_the_stop_it_says_so(tmp_path):
    system = TradingSystem(settings(tmp_path / "d"))
    with pytest.raises(NotReady):
        await system.ask(UpdateAgent("coo", "idle"))
    await system.start()
    await system.stop()
    await system.stop()
    with pytest.raises(ShuttingDown):
        await system.ask(UpdateAgent("coo", "idle"))


async def test_a_start_that_is_cancelled_leaves_nothing_running(tmp_path):
    system = TradingSystem(settings(tmp_path / "d"))
    starting = asyncio.create_task(system.start())
    while not pykka.ActorRegistry.get_all():  # noqa: ASYNC110 - nothing tells of the first actor
        await asyncio.sleep(0)
    assert not system.ready
    with pytest.raises(NotReady):
        await system.ask(UpdateAgent("coo", "idle"))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert pykka.ActorRegistry.get_all() == []
    async with TradingSystem(settings(tmp_path / "d")) as again:
        assert again.ready


async def test_an_actor_that_is_restarted_knows_what_its_last_life_was_writing(tmp_path, monkeypatch):
    async with TradingSystem(settings(tmp_path / "d")) as system:
        stuck, go_on, starts = threading.Event(), threading.Event(), []

        def hold(connection):
            stuck.set()
            go_on.wait(60)

        def on_start(book, start=TrendBook.on_start):
            starts.append(go_on.is_set())
            start(book)

        monkeypatch.setattr(TrendBook, "on_start", on_start)
        assert system._store is not None
        held = asyncio.create_task(system._store.write(hold))
        await asyncio.to_thread(stuck.wait, 60)
        written = asyncio.create_task(system.ask(StoreTrend("BTCUSDT", "uptrend", timestamp=1_714_216_800)))
        await asyncio.sleep(0)
        with monkeypatch.context() as broken:
            broken.setattr(TrendBook, "handlers", {**TrendBook.handlers, NoteTrends: broken_handler})
            with pytest.raises(InternalError):
                await system.ask(NoteTrends(()))
        with pytest.raises(InternalError, match="in progress"):
            await written
        for _ in range(1_000):  # time for a life that would begin too early
            await asyncio.sleep(0)
        go_on.set()
        await held
        await system.ask(StoreTrend("ETHUSDT", "uptrend", timestamp=1_714_216_800))
        assert starts == [True]
        assert system.view(TrendRows()).count == 2


def broken_handler(book, message):
    raise RuntimeError("any fault")


async def test_recorded_candles_are_moved_to_the_week_of_the_instant_and_stay_there(tmp_path, shared):
    recorded = Settings(data_dir=tmp_path / "d", feed=f"files:{shared / 'data'}", at="2024-04-15T12:00Z")
    contexts = []
    for _ in "ab":
        async with TradingSystem(recorded) as system:
            contexts.append(await system.ask(MarketOf("BTC", "4h")))
    assert contexts[0].htf == contexts[1].htf
    assert contexts[0].no_trade_reason != "stale_data"


async def test_five_hundred_analyzers_answer_twice_and_stop():
    threads = threading.active_count()
    feed, clock = SimulatedFeed(listings=made_up_listings(500)), SystemClock()
    fatal: list[str] = []
    supervisor = Supervisor(asyncio.get_running_loop(), clock, SortableIds(), on_fatal=fatal.append)
    supervisor.add_family("market_analyzer", lambda c: MarketAnalyzer(c, feed, WarmKernels(), Horizon()))
    await supervisor.start()
    pairs = list(feed.listings())
    for _ in "once", "twice":
        asked = (supervisor.ask(MarketOf(pair, "15m", "1h"), timeout=300) for pair in pairs)
        answers = await asyncio.gather(*asked)
        assert {answer.symbol for answer in answers} == {listing.name for listing in feed.listings().values()}
        assert all(answer.htf.detail.macro_ma_len == 200 for answer in answers)  # 220 candles or more were read
    assert len(supervisor.snapshots("market_analyzer")) == 500
    await supervisor.stop()
    assert threading.active_count() <= threads + 1  # a worker thread of the loop may remain
    assert not fatal


def test_ids_are_sortable_and_unique():
    ids = SortableIds()
    made = [ids.new() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {len(name) for name in made} == {26}
    assert made == sorted(made)

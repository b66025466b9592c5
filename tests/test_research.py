"""The analysis without a daemon: the same numbers as the pure functions give, at exactly the instant asked for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import app.trend
from opentrader.config.settings import DEFAULT_WATCHLIST, Settings
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.errors import ConfigError, InvalidInput, SymbolNotFound
from opentrader.feed import SimulatedChoice
from opentrader.feed.simulated import SimulatedFeed
from opentrader.indicators import market_context, trend_result
from opentrader.research import analyze_symbol, latest_candle, market_shift, open_market, scan_market, scan_trend
from opentrader.store import Store
from opentrader.store.tables.settings import put
from opentrader.system.market import shift_key
from opentrader.system.timeline import first_shift

pytestmark = pytest.mark.usefixtures("own_folder")
AT = "2024-04-15T12:00Z"
NOW_MS = int(datetime(2024, 4, 15, 12, tzinfo=UTC).timestamp()) * 1000
WEEK_MS = TF_MS["1w"]


def settings(**given: Any) -> Settings:
    return Settings(**{"feed": "simulated", "at": AT, **given})


def expected(symbol: str, mtf_tf: Timeframe, htf_tf: Timeframe, feed: SimulatedFeed | None = None) -> MarketContext:
    """The context by the pure function on the feed's own candles."""
    feed = feed or SimulatedFeed()
    htf, mtf = (
        asyncio.run(feed.candles(f"{symbol}USDT", timeframe, limit=500, now_ms=NOW_MS))
        for timeframe in (htf_tf, mtf_tf)
    )
    return market_context(htf, mtf, htf_tf=htf_tf, mtf_tf=mtf_tf, now_ms=NOW_MS, symbol=symbol)


@pytest.mark.parametrize("symbol", ["BTC", "btcusdt", "BTC/USDT", "BTC-USDT"])
def test_a_market_is_what_the_pure_function_says(symbol: str) -> None:
    assert analyze_symbol(symbol, settings=settings()) == expected("BTC", "4h", "1d")


def test_both_timeframes_can_be_chosen() -> None:
    assert analyze_symbol("ETH", mtf_tf="1h", settings=settings()) == expected("ETH", "1h", "4h")
    assert analyze_symbol("ETH", "1h", "1d", settings=settings()) == expected("ETH", "1h", "1d")


def test_the_settings_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENTRADER_FEED", "simulated:7")
    monkeypatch.setenv("OPENTRADER_AT", AT)
    assert analyze_symbol("BTC") == expected("BTC", "4h", "1d", SimulatedFeed(7))


def test_the_name_of_the_reference_is_the_same_function() -> None:
    assert app.trend.analyze_symbol is analyze_symbol


async def test_it_works_where_a_loop_runs_already() -> None:
    context = analyze_symbol("BTC", settings=settings())
    assert context.timestamp == NOW_MS // 1000


def test_without_an_instant_market_time_is_now_in_the_newcomers_week(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opentrader.clock.time.time", lambda: NOW_MS / 1000)
    feed = SimulatedFeed(shift_ms=first_shift(SimulatedChoice(), DEFAULT_WATCHLIST, "4h", NOW_MS))
    assert analyze_symbol("BTC", settings=settings(at=None)) == expected("BTC", "4h", "1d", feed)


def test_what_cannot_be_analyzed() -> None:
    with pytest.raises(SymbolNotFound):
        analyze_symbol("NOSUCHCOIN", settings=settings())
    with pytest.raises(InvalidInput, match="htf_tf: 1h is shorter than mtf_tf, 4h"):
        analyze_symbol("BTC", "4h", "1h", settings=settings())
    with pytest.raises(InvalidInput, match=r"mtf_tf: Input should be '15m', .* or '1w'"):
        analyze_symbol("BTC", "2h", settings=settings())  # type: ignore[arg-type]  # no timeframe, which is the point
    with pytest.raises(ConfigError):
        analyze_symbol("BTC", settings=settings(feed="files:nowhere"))


# --- scans --------------------------------------------------------------------------------------------------------


def test_a_scan_reads_the_watchlist_in_its_order_and_names_what_failed() -> None:
    seen: list[str] = []
    scan, readings = scan_market(settings=settings(watchlist="ETH,NOSUCHCOIN,BTC"), progress=seen.append)
    assert [context.symbol for context in scan.results] == ["ETH", "BTC"]
    assert list(scan.results) == [expected("ETH", "4h", "1d"), expected("BTC", "4h", "1d")]
    assert [(failure.symbol, failure.code) for failure in scan.failed] == [("NOSUCHCOIN", "symbol_not_found")]
    assert (scan.exchange, scan.scanned, scan.htf_tf, scan.ttl_sec) == ("simulated", 3, "1d", 3600)
    assert [reading.context for reading in readings] == list(scan.results)
    assert seen == ["ETH", "NOSUCHCOIN", "BTC"]


def test_the_summary_counts_the_decisions() -> None:
    scan, _ = scan_market("1h", settings=settings())
    decisions = [context.priority_decision for context in scan.results]
    counted = {name: getattr(scan.summary, name) for name in set(decisions)}
    assert counted == {name: decisions.count(name) for name in set(decisions)}


def test_the_price_is_that_of_the_last_candle_running_or_not() -> None:
    _, readings = scan_market(settings=settings(watchlist="BTC", at="2024-04-15T13:30Z"))
    rows = readings[0].mtf
    assert rows[-1, 0] + TF_MS["4h"] > readings[0].now_ms
    assert readings[0].price == rows[-1, 4]


def test_a_trend_scan_is_what_the_pure_function_says() -> None:
    scan = scan_trend("1h", settings=settings(watchlist="ETH,NOSUCHCOIN"))
    rows = asyncio.run(SimulatedFeed().candles("ETHUSDT", "1h", limit=500, now_ms=NOW_MS))
    result = trend_result(rows, "1h", now_ms=NOW_MS, symbol="ETH", source="simulated")
    (row,) = scan.results
    assert (row.symbol, row.trend, row.regime, row.score) == ("ETH", result.trend, result.category, result.score)
    assert [failure.symbol for failure in scan.failed] == ["NOSUCHCOIN"]


def test_the_end_of_the_last_closed_candle() -> None:
    market = open_market(settings(at="2024-04-15T13:30Z"))
    assert latest_candle(market, "BTC") == NOW_MS
    assert latest_candle(market, "BTC", "1h") == NOW_MS + TF_MS["1h"]
    assert latest_candle(open_market(settings(at="2013-01-01")), "BTC") is None


# --- the market of a daemon's data folder -------------------------------------------------------------------------


def keep_shift(store: Store, chosen: Settings, shift_ms: int) -> None:
    asyncio.run(store.write(lambda connection: put(connection, shift_key(chosen), str(shift_ms))))


def test_the_market_is_moved_as_the_daemon_moved_it_while_it_runs(store: Store) -> None:
    chosen = settings(at=None)
    keep_shift(store, chosen, 3 * WEEK_MS)
    assert market_shift(chosen, NOW_MS) == 3 * WEEK_MS


def test_and_after_it_has_ended(store: Store) -> None:
    chosen = settings(at=None)
    keep_shift(store, chosen, 3 * WEEK_MS)
    store.close()
    files = sorted(path.name for path in chosen.data_dir.iterdir())
    assert market_shift(chosen, NOW_MS) == 3 * WEEK_MS
    assert sorted(path.name for path in chosen.data_dir.iterdir()) == files


def test_the_choice_for_another_market_does_not_count(store: Store) -> None:
    keep_shift(store, settings(at=None), 3 * WEEK_MS)
    assert market_shift(settings(at=None, feed="simulated:7"), NOW_MS) == 0


def test_at_an_instant_nothing_is_moved(store: Store) -> None:
    keep_shift(store, settings(at=None), 3 * WEEK_MS)
    assert market_shift(settings(), NOW_MS) == 0


def test_before_a_daemon_has_run_the_market_is_the_one_that_it_will_show(tmp_path: Path) -> None:
    chosen = settings(at=None)
    told = market_shift(chosen, NOW_MS)
    assert told == first_shift(chosen.feed, chosen.watchlist, chosen.mr_timeframe, NOW_MS) != 0
    assert not (tmp_path / "data").exists()


def test_a_market_that_nobody_has_searched_is_not_moved_before_a_daemon_has_run() -> None:
    assert market_shift(settings(at=None, feed="simulated:7"), NOW_MS) == 0


def test_a_store_that_cannot_be_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "opentrader.db").write_bytes(b"no database at all " * 100)
    assert market_shift(settings(at=None), NOW_MS) == 0
    assert "candles are not shifted" in caplog.text

"""The scanner: every symbol is shown, and what failed is named."""

from __future__ import annotations

from opentrader.actors.messages import (
    BoardState,
    ReportWork,
    ScanMarkets,
    ScanTrends,
    TrendRows,
)
from opentrader.errors import ExchangeError


async def test_a_scan_shows_every_symbol_and_names_the_one_that_failed(books):
    scan = await books.ask(ScanMarkets("4h", agent="tech"))
    assert [context.symbol for context in scan.results] == ["BTC", "ETH", "SOL"]
    assert (scan.scanned, scan.cached, scan.failed) == (3, 3, ())
    assert sum(getattr(scan.summary, name) for name in scan.summary.__slots__) == 3
    await books.ask(ReportWork("ops", "idle", "the board has handled what came before"))
    assert books.view(BoardState()).agents["tech"].action == "Market scan 4h done"
    books.clock.now += 4 * 3600
    books.feed.failing = ExchangeError("no")
    failed = await books.ask(ScanMarkets("4h"))
    assert (failed.scanned, failed.cached, failed.results) == (3, 0, ())
    assert {(f.symbol, f.code) for f in failed.failed} == {(s, "exchange_error") for s in ("BTC", "ETH", "SOL")}


async def test_a_trend_scan_is_in_the_book_when_it_answers(books):
    scan = await books.ask(ScanTrends("1d"))
    assert scan.scanned == scan.cached == 3 == sum(getattr(scan.summary, n) for n in scan.summary.__slots__)
    assert {row.regime for row in scan.results} <= {
        "trend",
        "compression",
        "sideway",
        "volatile_chop",
        "transition",
        "unknown",
    }
    assert books.view(TrendRows("1d")).count == 3

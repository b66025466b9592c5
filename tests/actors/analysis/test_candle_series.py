"""The candles of one market and timeframe: fetched whole when they have to be, kept no longer than asked for."""

from __future__ import annotations

from typing import Any

from opentrader.actors.analysis.candle_series import CandleSeries, Key
from opentrader.actors.messages import (
    MarketOf,
    TrendOf,
)
from opentrader.domain.analysis.candles import clean
from opentrader.domain.timeframes import Timeframe
from opentrader.indicators import market_context

HOUR = 3600


async def rows_of(books: Any, timeframe: str, limit: int) -> Any:
    return await books.feed.candles("BTCUSDT", timeframe, limit=limit, now_ms=books.clock.market_ms())


async def pure_context(books: Any, *, mtf_tf: Timeframe = "4h", htf_tf: Timeframe = "1d", extra: int = 0) -> Any:
    htf, mtf = await rows_of(books, htf_tf, 500 + extra), await rows_of(books, mtf_tf, 500 + extra)
    return market_context(htf, mtf, htf_tf=htf_tf, mtf_tf=mtf_tf, now_ms=books.clock.market_ms(), symbol="BTC")


async def test_history_that_the_venue_corrects_is_fetched_anew(books):
    await books.ask(MarketOf("BTCUSDT"))
    books.feed.revised = 0.25
    books.clock.now += 4 * HOUR
    corrected = await books.ask(MarketOf("BTCUSDT"))
    assert books.feed.calls[2:] == [("BTCUSDT", "4h", 2), ("BTCUSDT", "4h", 500)]
    assert corrected.mtf == (await pure_context(books)).mtf


async def test_a_long_absence_is_made_up_for_with_the_whole_history(books):
    await books.ask(TrendOf("BTCUSDT", "15m"))
    books.clock.now += 40 * HOUR
    await books.ask(TrendOf("BTCUSDT", "15m"))
    assert [limit for _, _, limit in books.feed.calls] == [500, 500]


async def test_the_candles_behind_a_state_are_no_more_than_were_asked_for(books):
    now_ms = books.clock.market_ms()
    series = CandleSeries(Key("1h", 500), clean(await rows_of(books, "1h", 500), "1h", now_ms))
    for _ in range(5):
        books.clock.now += HOUR
        assert series.extend(clean(await rows_of(books, "1h", 2), "1h", books.clock.market_ms()))
    assert len(series.candles) == 500
    assert series.candles.ts[-1] == series.last_ms
    assert series.state.bars == 505

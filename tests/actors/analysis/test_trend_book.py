"""The book of trends: the later of two stands, computed or posted, kept or not."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from opentrader.actors.analysis import trend_book
from opentrader.actors.messages import (
    NoteTrends,
    ScanTrends,
    StoreTrend,
    TrendRows,
)
from opentrader.domain.analysis.trend import Score, Trend, TrendResult
from opentrader.errors import (
    StorageError,
)


async def test_a_posted_trend_ages_and_goes_stale_with_the_next_candle(books):
    now = int(books.clock.now)
    stored = await books.ask(StoreTrend("ZZZUSDT", "unknown", timeframe="1w", timestamp=1_714_000_000))
    assert (stored.symbol, stored.timestamp) == ("ZZZ", 1_714_000_000)
    row = books.view(TrendRows("1w")).data[0]
    assert (row.age_sec, row.stale) == (now - 1_714_000_000, True)
    await books.ask(StoreTrend("BTCUSDT", "sideway", timeframe="1h"))
    (fresh,) = (row for row in books.view(TrendRows()).data if row.symbol == "BTC")
    assert (fresh.age_sec, fresh.stale, fresh.timestamp) == (0, False, now)
    books.clock.now += 3600
    assert all(row.stale for row in books.view(TrendRows()).data)
    assert books.view(TrendRows("4h")).count == 0


def result(symbol: str, trend: Trend = "uptrend") -> TrendResult:
    score = Score(4, 1, 1)
    return TrendResult(symbol, "1h", "wave", "crypto", trend, "uptrend", False, "", score, {}, 1_714_219_200)


async def test_computed_trends_are_shown_at_once_and_stored_behind(books):
    await books.ask(NoteTrends(tuple(result(f"S{n}") for n in range(300))))
    assert books.view(TrendRows()).count == 300
    for n in range(300, 400):
        await books.ask(NoteTrends((result(f"S{n}"),)))
    await books.restart()
    assert books.view(TrendRows()).count == 400


class HeldWriter:
    """The store's writer, busy with something else until it is let go."""

    def __init__(self, books: Any) -> None:
        self._books, self._gate = books, threading.Event()

    async def __aenter__(self) -> None:
        self._busy = asyncio.create_task(self._books.store.write(lambda _connection: self._gate.wait(60)))
        await asyncio.sleep(0)

    async def __aexit__(self, *_error: object) -> None:
        self._gate.set()
        await self._busy


async def in_the_mailbox(books: Any, post: StoreTrend) -> asyncio.Task[Any]:
    """The task of a post that the book has handled, though it is not durable yet."""
    task = asyncio.create_task(books.ask(post))
    await asyncio.sleep(0)
    await books.ask(NoteTrends(()))
    return task


async def trends_after_a_restart(books: Any) -> list[str]:
    """The trends in the book; the same before and after a restart."""
    await books.ask(NoteTrends(()))
    shown = [row.trend for row in books.view(TrendRows()).data]
    await books.restart()
    assert [row.trend for row in books.view(TrendRows()).data] == shown
    return shown


async def test_a_posted_trend_stands_over_the_computed_ones_that_came_before_it(books):
    async with HeldWriter(books):
        await books.ask(NoteTrends((result("BTC", "sideway"),)))  # its write is under way
        await books.ask(NoteTrends((result("BTC", "downtrend"), result("ETH"))))  # these wait for it
        post = await in_the_mailbox(books, StoreTrend("BTCUSDT", "unknown"))
    assert (await post).trend == "unknown"
    assert await trends_after_a_restart(books) == ["unknown", "uptrend"]


async def test_a_computed_trend_stands_over_the_posted_one_that_came_before_it(books):
    async with HeldWriter(books):
        post = await in_the_mailbox(books, StoreTrend("BTCUSDT", "unknown"))
        await books.ask(NoteTrends((result("BTC", "downtrend"),)))
    assert (await post).trend == "unknown"
    assert await trends_after_a_restart(books) == ["downtrend"]


async def test_of_two_posted_trends_the_later_stands_unless_it_could_not_be_kept(books, monkeypatch):
    async with HeldWriter(books):
        first = await in_the_mailbox(books, StoreTrend("BTCUSDT", "uptrend"))
        with monkeypatch.context() as patched:

            async def full(*_write: object) -> None:
                raise StorageError("the disk is full")

            patched.setattr(books.store, "write", full)
            with pytest.raises(StorageError):
                await books.ask(StoreTrend("BTCUSDT", "downtrend"))
        third = await in_the_mailbox(books, StoreTrend("ETHUSDT", "uptrend"))
        last = await in_the_mailbox(books, StoreTrend("ETHUSDT", "downtrend"))
    await asyncio.gather(first, third, last)
    assert await trends_after_a_restart(books) == ["uptrend", "downtrend"]


async def test_a_trend_of_a_scan_is_noted_once(books, monkeypatch):
    noted: list[str] = []

    def note(result: TrendResult, note: Any = trend_book._noted) -> Any:
        noted.append(result.symbol)
        return note(result)

    monkeypatch.setattr(trend_book, "_noted", note)
    await books.ask(ScanTrends("1d"))
    await books.ask(NoteTrends(()))
    assert sorted(noted) == ["BTC", "ETH", "SOL"]

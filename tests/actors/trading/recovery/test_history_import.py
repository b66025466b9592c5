"""Closed trades that only the venue remembers."""

from __future__ import annotations

import asyncio

import pytest

from opentrader.actors import messages
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy


async def lose_the_store(market: Market) -> None:
    await market.stop()
    for file in market.folder.glob("opentrader.db*"):
        file.unlink()
    market.clock.now_ms += 60_000
    await market.start()


async def test_closed_trades_that_only_the_venue_remembers_are_imported_once(market: Market) -> None:
    await market.ask(buy())
    await market.go(101.0)
    closing = asyncio.create_task(market.ask(messages.ClosePosition(PAIR)))
    await market.until(lambda snapshot: closing.done())
    (booked,) = (await closing).closed
    assert (await market.ask(messages.SyncTrades())).synced == 0
    await lose_the_store(market)
    open_one = (await market.ask(buy())).trade
    told = await market.ask(messages.SyncTrades())
    (row,) = told.trades
    assert (told.synced, told.skipped, row.id, row.exit_reason) == (1, 0, booked.id, "synced")
    assert (row.size, row.entry_px, row.exit_px) == (booked.size, booked.entry_px, booked.exit_px)
    assert row.pnl == pytest.approx(booked.pnl, abs=0.01)
    again = await market.ask(messages.SyncTrades())
    assert (again.synced, again.skipped) == (0, 1)
    assert [trade.intent.id for trade in market.snapshot.open_trades()] == [open_one.id]

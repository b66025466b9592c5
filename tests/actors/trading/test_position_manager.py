"""Trades from entry to exit on the paper exchange: stop, target, trailing, expiry, and what faults make of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.trailing import RaiseStop
from opentrader.domain.trading.exchange import NewOrder
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.errors import (
    ExchangeError,
    PendingEntryExists,
    TradingHalted,
)
from opentrader.store.tables.history import HistoryTable
from tests.fakes.market import MINUTE, PAIR, Market
from tests.fakes.orders import buy, last_closed, limit

DAY = 86_400_000


async def test_the_stop_ends_it_and_the_loss_is_what_was_risked(market: Market) -> None:
    trade = (await market.ask(buy())).trade
    await market.go(99.0, 97.5, 97.4)
    row = await last_closed(market)
    assert (row.exit_reason, row.id) == ("sl", trade.id)
    assert -60 < row.pnl < -15  # half a percent of 10,000, and fees and slippage
    assert market.snapshot.open_trades() == []
    assert {trade.label for trade in market.snapshot.trades} <= {"DUST", "FLAT", "SWEEPING"}


async def test_the_target_ends_it(market: Market) -> None:
    await market.ask(buy())
    await market.go(102.0, 104.5, 104.6)
    row = await last_closed(market)
    assert row.exit_reason == "tp"
    assert row.pnl > 0


async def test_a_limit_entry_fills_is_protected_and_counts(market: Market) -> None:
    placed = await market.ask(limit(98.0))
    assert (placed.status, placed.entry.client_order_id[:3]) == ("pending", "MT_")
    with pytest.raises(PendingEntryExists):
        await market.ask(limit(98.0))
    await market.go(99.0, 97.9, 97.95)
    snapshot = await market.until(lambda d: bool(d.open_trades()) and d.trades[0].label == "PROTECTED")
    assert snapshot.pending() == []
    assert snapshot.trades_today == 1
    assert snapshot.trade_replies(market.clock.now_ms)[0].source == "manual"


async def test_a_new_day_begins_its_count_at_zero(market: Market) -> None:
    await market.ask(buy())
    assert market.snapshot.trades_today == 1
    market.clock.now_ms += DAY
    await market.until(lambda snapshot: snapshot.trades_today == 0)


async def test_k19_a_start_reads_the_rows_of_today_and_no_others(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.ask(buy())
    await market.go(99.0, 97.5, 97.4)
    today = market.snapshot.pnl_today
    assert today < 0
    old = replace(HistoryTable(market.store).since(0)[0][0], id="long ago", closed_at=1, pnl=Decimal(-5))
    await HistoryTable(market.store).add([old], 1)
    await market.stop()

    def everything(table: HistoryTable, seq: int) -> tuple[list[ClosedTrade], int]:
        raise AssertionError("a start read the whole history")

    monkeypatch.setattr(HistoryTable, "since", everything)
    await market.start()
    assert market.snapshot.pnl_today == today


async def test_halt_survives_a_restart_and_protection_goes_on(market: Market) -> None:
    await market.ask(buy())
    await market.ask(limit(95.0))
    halted = await market.ask(messages.Halt(reason="night"))
    assert len(halted.cancelled_entries) == 1
    await market.stop()
    await market.start()
    with pytest.raises(TradingHalted):
        await market.ask(buy())
    await market.go(97.0, 96.9)
    assert (await last_closed(market)).exit_reason == "sl"


async def test_a_stop_that_is_raised_during_a_close_forgets_nothing_of_it(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It once wrote back a trade that it had read before the sale: the sale was sent again, of the user's own coins."""
    await market.venue.place(NewOrder("web_1", PAIR, "buy", "MARKET", Decimal(20), market.clock.now_ms, None))
    await market.ask(buy())
    await market.go(100.5)
    market.clock.now_ms += 2 * MINUTE
    place, key, raises = market.venue.place, market.snapshot.trades[0].intent.id, list[asyncio.Task[Any]]()

    async def placed(order: NewOrder) -> Any:
        if order.side == "sell" and not raises:
            raises.append(asyncio.create_task(market.ask(RaiseStop(key, Decimal("99.5")))))
            await asyncio.sleep(0.05)
        return await place(order)

    monkeypatch.setattr(market.venue, "place", placed)
    closing = asyncio.create_task(market.ask(messages.ClosePosition(PAIR)))
    await market.until(lambda snapshot: closing.done())
    assert (await closing).count == 1
    assert await raises[0] is None
    sales = [order for order in await market.venue.orders(PAIR, 0) if order.side == "sell" and order.cum]
    assert len(sales) == 1
    assert (await market.venue.balances())["SOL"].total >= Decimal("19.9")


async def test_what_was_executed_is_told_though_the_venue_cannot_be_asked_at_the_end(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.ask(buy())
    await market.go(101.0)
    fills, calls = market.venue.fills, 0

    async def once(symbol: str, since: int) -> Any:
        nonlocal calls
        calls += 1
        if market.snapshot.open_trades():
            return await fills(symbol, since)
        raise ExchangeError("maintenance")

    monkeypatch.setattr(market.venue, "fills", once)
    closing = asyncio.create_task(market.ask(messages.ClosePosition(PAIR)))
    await market.until(lambda snapshot: closing.done())
    row = (await closing).closed[0]
    assert calls
    assert row.entry_px == pytest.approx(100.0, abs=0.2)
    assert row.exit_px == pytest.approx(101.0, abs=0.2)
    assert row.pnl > 0

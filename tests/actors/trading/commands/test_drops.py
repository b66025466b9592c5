"""Giving a trade up: which ones, what becomes of its orders and its coins, and that it is done once."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.recovery.repeats import OutcomeOf
from opentrader.domain.trading.ledger import Command, Reservation
from opentrader.domain.trading.lifecycle import BINANCE, drop
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.domain.trading.risk import Risk
from opentrader.errors import NotInThisState, PositionNotFound, RiskLimit
from opentrader.store.tables.commands import CommandTable
from opentrader.store.tables.idempotency import IdempotencyTable
from opentrader.store.tables.journal import JournalTable
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, limit
from tests.fakes.trouble import coins, rules_failing

KEY = "key-1"


async def quarantined(market: Market) -> Trade:
    """A trade with its exits at the venue, on which the rules have failed once."""
    key = (await market.ask(buy())).trade.id
    with rules_failing():
        await market.until(lambda snapshot: by_id(market, key).label == "QUARANTINE")
    return by_id(market, key)


def by_id(market: Market, key: str) -> Trade:
    return next(trade for trade in market.snapshot.trades if trade.intent.id == key)


async def restarted(market: Market) -> None:
    await market.stop()
    await market.start()


async def test_what_is_dropped_is_booked_and_its_orders_are_canceled_and_its_coins_stay(market: Market) -> None:
    trade = await quarantined(market)
    held = await coins(market)
    told = await market.ask(messages.DropTrade(trade.intent.id))
    row = told.trade
    assert (row.id, row.exit_reason, row.left_over) == (trade.intent.id, "orphan", held)
    assert row.pnl < -row.left_over * row.entry_px
    assert market.snapshot.open_trades() == []
    assert await market.venue.open_orders(PAIR) == ()
    assert await coins(market) == held


async def test_what_it_paid_counts_as_lost_today(market: Market) -> None:
    trade = await quarantined(market)
    row = (await market.ask(messages.DropTrade(trade.intent.id))).trade
    assert float(market.snapshot.pnl_today) == row.pnl
    with pytest.raises(RiskLimit, match="today's loss"):
        await market.ask(buy())


async def test_later_trades_leave_the_dropped_coins_alone(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.risk = Risk(max_daily_loss_pct=Decimal(50))
    await market.start()
    await market.go(100.0)
    trade = await quarantined(market)
    await market.ask(messages.DropTrade(trade.intent.id))
    held = await coins(market)
    assert (await market.ask(buy())).status == "opened"
    assert (await market.ask(messages.ClosePosition(PAIR))).count == 1
    assert await coins(market) == pytest.approx(held, abs=0.01)
    await market.stop()


async def test_only_a_trade_in_quarantine_is_dropped(market: Market) -> None:
    with pytest.raises(PositionNotFound, match="no trade x"):
        await market.ask(messages.DropTrade("x"))
    key = (await market.ask(buy())).trade.id
    with pytest.raises(NotInThisState, match="protected, not in quarantine"):
        await market.ask(messages.DropTrade(key))
    waiting = (await market.ask(limit(95.0))).entry.id
    with pytest.raises(NotInThisState, match="entering, not in quarantine") as refused:
        await market.ask(messages.DropTrade(waiting))
    assert "DELETE /api/pending-entries/ID cancels" in (refused.value.hint or "")
    await market.ask(messages.ClosePosition(PAIR))
    with pytest.raises(NotInThisState, match="has ended"):
        await market.ask(messages.DropTrade(key))


async def test_an_entry_in_doubt_that_bought_nothing_is_dropped_without_a_row(market: Market) -> None:
    key = (await market.ask(limit(95.0))).entry.id
    with rules_failing():
        await market.until(lambda snapshot: by_id(market, key).label == "QUARANTINE")
    told = await market.ask(messages.DropTrade(key))
    assert told.trade is None
    assert await market.venue.open_orders(PAIR) == ()


async def test_a_repeat_is_told_the_same_also_after_a_restart(market: Market) -> None:
    trade = await quarantined(market)
    keys = IdempotencyTable(market.store)
    await keys.reserve(Reservation(KEY, "POST", "/api/trades/x/drop", "f", 100))
    first = await market.ask(messages.DropTrade(trade.intent.id, idem_key=KEY))
    assert await keys.begun(KEY) == first.intent_id
    for _ in range(2):
        assert await market.ask(OutcomeOf(first.intent_id)) == first
        await restarted(market)
    command = CommandTable(market.store).command(first.intent_id)
    assert command is not None
    assert (command.kind, command.symbol, command.trades) == ("drop", PAIR, (trade.intent.id,))


async def test_a_drop_that_was_cut_off_is_carried_out_at_the_next_start(market: Market) -> None:
    trade = await quarantined(market)
    await market.supervisor.stop()  # what it stores itself must not take the place of what is stored here
    now = market.clock.market_ms()
    command = Command("C1", "drop", PAIR, "ops", "", (trade.intent.id,), now)
    journaling = CommandTable(market.store).journaling(command)
    await JournalTable(market.store).save(drop(trade, now), "drop asked", now, also=[journaling])
    await restarted(market)
    asking = asyncio.create_task(market.ask(OutcomeOf("C1")))
    await market.until(lambda snapshot: asking.done())
    assert (await asking).trade.exit_reason == "orphan"
    assert await market.venue.open_orders(PAIR) == ()


@pytest.mark.parametrize("stuck", [True, False], ids=["in quarantine", "as it was"])
async def test_a_coin_that_is_not_listed_any_more_is_dropped_after_a_restart(market: Market, stuck: bool) -> None:
    key = (await quarantined(market)).intent.id if stuck else (await market.ask(buy())).trade.id
    market.feed.coins = ["AAA"]
    await restarted(market)
    if not stuck:
        await market.until(lambda snapshot: PAIR in snapshot.blind)
        with pytest.raises(NotInThisState, match="protected, not in quarantine"):
            await market.ask(messages.DropTrade(key))  # perhaps only the line has failed for a moment
        market.clock.now_ms += BINANCE.unseen_quarantine
    asking = asyncio.create_task(market.ask(messages.DropTrade(key)))
    await market.until(lambda snapshot: asking.done())
    row = (await asking).trade
    assert (row.id, row.exit_reason) == (key, "orphan")
    assert market.snapshot.open_trades() == []
    assert market.snapshot.blind == {}  # nobody has to know any more that it cannot be read
    await restarted(market)
    with pytest.raises(NotInThisState, match="has ended"):
        await market.ask(messages.DropTrade(key))

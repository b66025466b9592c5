"""The rows of closed trades: provisional while fills are missing, booked again, and exact in the end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.venue import ZERO, Fill
from opentrader.exchange.paper.matching.engine import Rates
from opentrader.exchange.paper.matching.fees import Fees
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.session import Terms
from opentrader.exchange.paper.transport import InjectedFault, Script
from opentrader.store.tables.history import HistoryTable
from opentrader.store.tables.journal import JournalTable
from opentrader.store.verification import verify_audit
from tests.fakes.market import Market
from tests.fakes.orders import buy, faulty

NO_FILLS = InjectedFault("lost", on="fills", times=10_000)


async def closed_one(market: Market) -> messages.ClosedTradeReply:
    await market.ask(buy())
    closing = asyncio.create_task(market.ask(messages.ClosePosition("SOLUSDT")))
    await market.until(lambda snapshot: closing.done())
    (told,) = (await closing).closed
    return told


def row_of(market: Market) -> ClosedTrade:
    (row,), _ = HistoryTable(market.store).since(0)
    return row


async def real_profit(market: Market) -> Decimal:
    """What the venue says, of the only trade there was."""
    fills = await market.venue.fills("SOLUSDT", 0)
    moved = sum((fill.qty * fill.px * (1 if fill.side == "sell" else -1) for fill in fills), ZERO)
    rates = ({"USDT": Decimal(1), "BNB": fill.rate}.get(fill.fee_asset, ZERO) for fill in fills)
    return moved - sum((fill.fee * rate for fill, rate in zip(fills, rates, strict=True)), ZERO)


async def test_a_row_whose_fills_are_known_is_exact_at_once(tmp_path: Path) -> None:
    market = await faulty(tmp_path)
    told, row = await closed_one(market), row_of(market)
    assert (row.fees_known, row.pnl) == (True, await real_profit(market))
    assert (told.fees_known, told.left_over, told.pnl) == (True, float(row.left_over or 0), float(row.pnl))
    await market.stop()


async def test_a_row_is_provisional_until_the_fills_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    market = await faulty(tmp_path, NO_FILLS)
    with caplog.at_level(logging.INFO, "opentrader"):
        told, before = await closed_one(market), row_of(market)
        market.venue.transport._faults = Script()
        real = await real_profit(market)
        assert (told.fees_known, before.fees_known) == (False, False)
        assert before.pnl < real
        assert market.snapshot.pnl_today == before.pnl
        market.clock.now_ms += 60_000
        await market.until(lambda snapshot: snapshot.pnl_today == real)
    after = row_of(market)
    assert (after.fees_known, after.pnl, after.exit_reason) == (True, real, before.exit_reason)
    market.clock.now_ms += 60_000
    await market.until(lambda snapshot: not snapshot.trades)  # nothing is left to be asked
    assert "at worst, its fees are not known yet" in caplog.text
    assert "booked again: pnl" in caplog.text
    await market.stop()
    report = verify_audit(tmp_path)
    assert report is not None
    assert report.faults == ()


async def test_a_provisional_row_is_booked_again_after_a_restart_days_later(tmp_path: Path) -> None:
    market = await faulty(tmp_path, NO_FILLS)
    await closed_one(market)
    await market.stop()
    market.script = None
    market.clock.now_ms += 3 * 24 * 3_600_000
    await market.start()
    await market.until(lambda snapshot: not snapshot.trades)
    assert (row_of(market).fees_known, row_of(market).pnl) == (True, await real_profit(market))
    await market.stop()


async def test_a_provisional_row_that_nothing_is_learned_of_is_not_written_again(tmp_path: Path) -> None:
    market = await faulty(tmp_path, NO_FILLS)
    await closed_one(market)
    for _ in range(5):
        market.clock.now_ms += 60_000
        await market.look()
    sql = "SELECT count(*) FROM events WHERE type = 'booked again'"
    assert market.store.read(lambda connection: connection.execute(sql).get) == 0
    assert [trade.label for trade in market.snapshot.trades] == ["DUST"]
    await market.stop()


async def test_a_fee_in_bnb_costs_the_price_at_its_time_even_if_that_is_told_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(tmp_path)
    market.feed.coins, market.balance = ["SOL", "BNB"], {"USDT": Decimal(10_000), "BNB": Decimal(1)}
    await market.start()
    market.venue._session.terms = replace(Terms(), rates=Rates(fees=Fees(in_bnb=True)))
    await market.go(100.0)
    with monkeypatch.context() as unpriced:
        whole = PaperExchange.fills

        async def without_rates(venue: PaperExchange, *asked: Any) -> tuple[Fill, ...]:
            return tuple(replace(fill, rate=ZERO) for fill in await whole(venue, *asked))

        unpriced.setattr(PaperExchange, "fills", without_rates)
        await closed_one(market)
        before = row_of(market)
    real = await real_profit(market)
    assert not before.fees_known
    assert before.pnl < real
    market.clock.now_ms += 60_000
    await market.until(lambda snapshot: row_of(market).fees_known)
    assert row_of(market).pnl == real
    assert {fill.rate for fill in JournalTable(market.store).fills(before.id)} == {Decimal(100)}
    await market.stop()


async def test_the_cooldown_of_a_stop_begins_once(tmp_path: Path) -> None:
    """Booking a row again is no second end of its trade."""
    market = Market(tmp_path, Script([NO_FILLS]))
    market.risk = replace(market.risk, cooldown_sec=30)
    await market.start()
    await market.go(100.0)
    await market.ask(buy())
    await market.go(97.0)
    assert row_of(market).exit_reason == "sl"
    market.venue.transport._faults = Script()
    market.clock.now_ms += 60_000
    await market.until(lambda snapshot: row_of(market).fees_known)
    assert (await market.ask(buy())).status == "opened"
    await market.stop()

"""Read, decide, commit, send, learn: what a lost or refused order leads to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.trading import lifecycle_loop
from opentrader.actors.trading.steps import CheckEntries
from opentrader.domain.trading.lifecycle import Trade, tick
from opentrader.errors import (
    ExchangeError,
    OrderRejected,
)
from opentrader.exchange.paper.transport import InjectedFault
from tests.fakes.market import Market
from tests.fakes.orders import buy, faulty, last_closed
from tests.waiting import until


async def test_a_lost_protection_is_placed_again(tmp_path: Path) -> None:
    market = await faulty(tmp_path, InjectedFault("lost", on="place_list"))
    opening = asyncio.create_task(market.ask(buy()))
    await market.until(lambda d: bool(d.trades) and d.trades[0].label == "PROTECTED")
    assert (await opening).trade.protection == "oco"
    assert len(await market.venue.open_lists()) == 1
    await market.stop()


async def test_a_position_that_cannot_be_protected_is_sold_and_the_asker_is_told(tmp_path: Path) -> None:
    refused = InjectedFault("refuse", on="place_list", times=50, code=-1013, text="Filter failure: MAX_NUM_ALGO_ORDERS")
    market = await faulty(tmp_path, refused)
    opening = asyncio.create_task(market.ask(buy()))
    await market.until(lambda d: bool(d.trades) and not d.open_trades() and bool(d.trades[0].closes))
    with pytest.raises(ExchangeError) as told:
        await opening
    assert "flattened" in told.value.hint
    assert (await last_closed(market)).exit_reason == "flattened"
    await market.stop()


async def test_a_refused_entry_is_surely_not_placed(tmp_path: Path) -> None:
    market = await faulty(
        tmp_path, InjectedFault("refuse", on="place", code=-2010, text="Account has insufficient balance")
    )
    with pytest.raises(OrderRejected) as told:
        await market.ask(buy())
    assert told.value.facts["intent_id"]
    assert (await market.ask(buy())).trade.protection == "oco"
    await market.stop()


async def test_a_fault_of_the_rules_costs_one_trade_its_automatic_care_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    market = Market(tmp_path)
    market.feed.coins = ["SOL", "AAA"]
    await market.start()
    await market.go(100.0)
    for coin in market.feed.coins:
        await market.ask(buy(symbol=f"{coin}USDT"))

    def failing(trade: Trade, *scene: Any) -> Any:
        if trade.intent.symbol == "AAAUSDT":
            raise ZeroDivisionError("a price of 0")
        return tick(trade, *scene)

    with monkeypatch.context() as broken:
        broken.setattr(lifecycle_loop, "tick", failing)
        await market.ask(CheckEntries("AAAUSDT"))
        await market.until(lambda d: {x.intent.symbol: x.label for x in d.trades}["AAAUSDT"] == "QUARANTINE")
        (trade,) = (x for x in market.snapshot.trades if x.label == "QUARANTINE")
        assert [alert.code for alert in trade.alerts if alert.severity == "page"] == ["internal fault"]
        await until(lambda: "internal fault" in getattr(market.pages.get("quarantine"), "sentence", ""))
        assert len(await market.venue.open_orders("AAAUSDT")) == 2  # it is protected as before
        closing = asyncio.create_task(market.ask(messages.ClosePosition("SOLUSDT")))
        await market.until(lambda d: closing.done())
        assert (await closing).count == 1
    assert "ZeroDivisionError: a price of 0" in caplog.text
    closing = asyncio.create_task(market.ask(messages.ClosePosition("AAAUSDT")))
    while not closing.done():
        market.clock.now_ms += 1000
        await market.ask(CheckEntries("AAAUSDT"))
    assert (await closing).count == 1
    await until(lambda: not market.pages)  # it ends with its cause
    await market.stop()

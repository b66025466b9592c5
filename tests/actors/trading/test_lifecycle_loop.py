"""Read, decide, commit, send, learn: what a lost or refused order leads to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from opentrader.errors import (
    ExchangeError,
    OrderRejected,
)
from opentrader.exchange.paper.transport import InjectedFault
from tests.fakes.orders import buy, faulty, last_closed


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

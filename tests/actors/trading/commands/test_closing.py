"""A close of one symbol: what seemed lost, and what is over."""

from __future__ import annotations

import asyncio

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.recovery.repeats import OutcomeOf
from opentrader.errors import ExchangeError, NotInThisState, PositionNotFound
from opentrader.exchange.paper.transport import InjectedFault
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy
from tests.fakes.trouble import rules_failing, trouble


async def test_an_entry_that_seemed_lost_is_closed_if_it_turns_up(market: Market) -> None:
    trouble(market, InjectedFault("lost", on="place"))
    placing = asyncio.create_task(market.ask(buy()))
    await market.until(lambda snapshot: placing.done())
    with pytest.raises(ExchangeError, match="did not receive"):
        await placing
    with pytest.raises(PositionNotFound):
        await market.ask(messages.ClosePosition(PAIR))
    assert [trade.close_reason for trade in market.snapshot.trades] == ["close"]
    assert (await market.ask(buy())).status == "opened"


async def test_what_is_over_is_booked_once(market: Market) -> None:
    """It was saved as open again by the looks of the next seconds, and booked anew at each start."""
    await market.ask(buy())
    await market.ask(messages.ClosePosition(PAIR))
    for _ in range(2):
        await market.go(*[100.0] * 3)
        await market.stop()
        await market.start()
        await market.go(100.0)
    booked = market.store.read(
        lambda connection: connection.execute("SELECT count(*) FROM events WHERE type = 'closed'").get
    )
    assert booked == 1
    ended = market.store.read(lambda connection: connection.execute("SELECT count(ended_ms) FROM trades").get)
    assert ended == 1


async def test_a_trade_that_goes_into_quarantine_is_not_waited_for(market: Market) -> None:
    """It was told as queued and retried after 280 s, though nothing is sent for it."""
    key = (await market.ask(buy())).trade.id
    with rules_failing():
        with pytest.raises(NotInThisState, match=f"trade {key} in {PAIR} is in quarantine") as told:
            await market.ask(messages.ClosePosition(PAIR))
        with pytest.raises(NotInThisState, match="is in quarantine"):
            await market.ask(OutcomeOf(str(told.value.facts["intent_id"])))
    assert [(trade.label, trade.close_reason) for trade in market.snapshot.open_trades()] == [("QUARANTINE", "close")]
    closing = asyncio.create_task(market.ask(messages.ClosePosition(PAIR)))
    await market.until(lambda snapshot: closing.done())
    assert (await closing).count == 1

"""Which trades a command marks: what it is about, as long as that has not ended."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.commands import marking
from opentrader.actors.trading.commands.closeall import CloseTrades
from opentrader.domain.trading.ledger import Command
from opentrader.errors import AskTimeout
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, limit


def about(*ids: str) -> CloseTrades:
    return CloseTrades(Command("C1", "closeall", "", "ops", "", ids, 1), PAIR, frozenset(ids))


async def test_what_has_ended_meanwhile_keeps_its_reason(market: Market) -> None:
    key = (await market.ask(buy())).trade.id
    await market.ask(messages.ClosePosition(PAIR))
    await market.ask(about(key))
    assert [trade.close_reason for trade in market.snapshot.trades] == ["close"]


async def test_only_what_the_command_is_about_is_marked(market: Market) -> None:
    first, second = [(await market.ask(limit(px))).entry.id for px in (95.0, 94.0)]
    await market.ask(about(second))
    await market.until(lambda snapshot: [trade.intent.id for trade in snapshot.pending()] == [first])


async def test_what_is_not_closed_in_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "CLOSE_SECONDS", 0.01)
    with pytest.raises(AskTimeout, match=f"{PAIR} was not closed within") as told:
        await marking.in_time(asyncio.sleep(60), PAIR)
    assert "stays queued" in told.value.hint


async def test_a_quarantine_for_want_of_an_exit_goes_on_to_sell(market: Market) -> None:
    await market.ask(buy())
    trade = replace(market.snapshot.trades[0], close_reason="close", label="QUARANTINE")
    assert marking.is_queued(replace(trade, quar="exit"))
    assert not marking.is_queued(replace(trade, quar="unknown"))

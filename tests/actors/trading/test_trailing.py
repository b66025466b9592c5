"""Stops that are only raised, and not in a thin market."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.trailing import RaiseStop, TrailingStops
from opentrader.errors import InternalError, NotReady
from opentrader.exchange.paper.transport import InjectedFault, Script
from tests.fakes.market import Market
from tests.fakes.orders import buy, last_closed

DAY = 86_400_000


async def test_a_trailed_stop_only_rises_and_its_exit_is_called_so(market: Market) -> None:
    await market.ask(buy(sl=2.0, tp=60.0))
    await market.go(*(100 + 0.05 * n for n in range(1, 481)))  # eight hours up to 124: two closed candles
    first = market.snapshot.trades[0].intent.sl
    moved = await market.ask(messages.UpdateTrailing())  # nothing is left to do if the candle's own look came first
    assert all(change.new_sl_px > change.old_sl_px for change in moved.updated)
    snapshot = await market.until(lambda d: d.trades[0].label == "PROTECTED" and d.trades[0].sl > first)
    assert (await market.ask(messages.UpdateTrailing())).count == 0
    stop = float(snapshot.trades[0].sl)
    await market.go(stop - 0.5, stop - 0.6)
    assert (await last_closed(market)).exit_reason == "trailing"
    assert (await last_closed(market)).pnl > 0


async def test_no_stop_is_raised_in_a_thin_market(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    await market.ask(buy(sl=2.0, tp=60.0))
    first, ticker = market.snapshot.trades[0].intent.sl, market.venue.ticker

    async def wide(symbol: str) -> Any:
        told = await ticker(symbol)
        return replace(told, ask=told.last * Decimal("1.003"))

    with monkeypatch.context() as thin:
        thin.setattr(market.venue, "ticker", wide)
        await market.go(*(100 + 0.05 * n for n in range(1, 481)))  # the actor looks at each closed candle by itself
        assert (await market.ask(messages.UpdateTrailing())).count == 0
        assert market.snapshot.trades[0].sl == first
    await market.ask(messages.UpdateTrailing())
    await market.until(lambda snapshot: snapshot.trades[0].sl > first)


async def test_k26_no_stop_is_raised_before_its_market_was_read_and_nothing_dies_of_it(market: Market) -> None:
    opened = (await market.ask(buy())).trade
    await market.stop()
    market.script = Script([InjectedFault("lost", on="filters", times=1_000)])
    await market.start()
    with pytest.raises(NotReady, match="has not been read since the start"):
        await market.ask(RaiseStop(opened.id, Decimal("99.5")))
    with pytest.raises(NotReady):
        await market.ask(buy())
    assert {status.restarts for status in market.supervisor.status()} == {0}


async def test_k26_it_is_found_if_nobody_asks_whether_it_was_read(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(stops: TrailingStops, message: RaiseStop) -> object:
        return stops.book.filters[stops.book.trades[message.id].intent.symbol]

    monkeypatch.setattr(TrailingStops, "handlers", {**TrailingStops.handlers, RaiseStop: careless})
    with pytest.raises(InternalError):
        await test_k26_no_stop_is_raised_before_its_market_was_read_and_nothing_dies_of_it(market)

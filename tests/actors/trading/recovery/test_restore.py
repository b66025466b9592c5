"""Trades that a hand put in, proved or not."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.domain.trading.exchange import ListLeg, NewList, NewOrder
from opentrader.domain.trading.venue import Accepted, OrderList
from opentrader.errors import InvalidInput, SymbolNotFound, TradeExists
from tests.fakes.market import PAIR, Market


def restore(**changes: Any) -> messages.RestoreTrade:
    given = {"symbol": PAIR, "direction": "buy", "size": 1.0, "entry_px": 10.0, "sl_px": 9.0, "tp_px": 11.0}
    return messages.RestoreTrade(**{**given, **changes})


async def test_trades_put_in_by_hand_are_each_kept_and_each_dropped(market: Market) -> None:
    await market.stop()
    market.feed.coins += [f"X{number}" for number in range(18)]
    await market.start()
    asked = [market.ask(restore(symbol=f"X{number}USDT")) for number in range(18)]
    await asyncio.gather(*asked)
    assert len({trade.symbol for trade in market.snapshot.restored}) == 18
    await market.stop()
    await market.start()
    assert len({trade.symbol for trade in market.snapshot.restored}) == 18
    assert (await market.ask(messages.CloseAll())).count == 18
    await market.stop()
    await market.start()
    assert market.snapshot.restored == ()
    assert (await market.ask(messages.HistoryOf())).total == 18


async def test_one_whose_orders_are_found_is_a_trade_like_any_other(market: Market) -> None:
    now, venue = market.clock.now_ms, market.venue
    await venue.place(NewOrder("web_1", PAIR, "buy", "MARKET", Decimal(5), now, None))
    target, stop = ListLeg("web_t", "LIMIT_MAKER", Decimal(110)), ListLeg("web_s", "STOP_LOSS", stop_px=Decimal(95))
    placed = await venue.place_list(NewList("web_l", PAIR, "sell", Decimal(2), target, stop, now))
    assert isinstance(placed, Accepted)
    exits = placed.report
    assert isinstance(exits, OrderList)
    named: dict[str, Any] = {"size": 2.0, "entry_px": 100.0, "sl_px": 95.0, "tp_px": 110.0}
    named |= {"sl_oid": int(exits.stop.ex_id), "tp_oid": exits.target.ex_id}
    assert (await market.ask(restore(**{**named, "symbol": PAIR, "size": 3.0}))).trade.verified is False
    assert (await market.ask(messages.ClosePosition(PAIR))).closed[0].exit_reason == "orphan"
    assert len(await venue.open_orders(PAIR)) == 2
    trade = (await market.ask(restore(**named))).trade
    assert (trade.verified, trade.protection, trade.source) == (True, "oco", "restored")
    assert (trade.sl_px, trade.tp_px) == (95.0, 110.0)
    with pytest.raises(TradeExists):
        await market.ask(restore(**named))
    await market.stop()
    await market.start()
    market.clock.now_ms += 60_000
    closing = asyncio.create_task(market.ask(messages.ClosePosition(PAIR)))
    await market.until(lambda snapshot: closing.done())
    assert (await closing).closed[0].size == 2.0
    assert await market.venue.open_orders(PAIR) == ()
    assert (await market.venue.balances())["SOL"].total == pytest.approx(Decimal("2.995"))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"symbol": "NOPEUSDT"}, SymbolNotFound), ({"date": "2999-01-01"}, InvalidInput)],
    ids=["unlisted", "in the future"],
)
async def test_what_cannot_be_is_refused(market: Market, wrong: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        await market.ask(restore(**wrong))
    assert market.snapshot.restored == ()

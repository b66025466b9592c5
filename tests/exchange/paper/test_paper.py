"""The paper exchange as its port: what it refuses at the door, what it shows, and what it keeps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from opentrader.domain.trading.exchange import OrderNotFound
from opentrader.domain.trading.venue import Accepted, Balance, Order, Unknown
from opentrader.errors import StorageError, SymbolNotFound
from opentrader.exchange.paper.matching.book import Depth
from opentrader.exchange.refusals import BAD_SYMBOL, NO_SUCH_ORDER, TOO_EARLY, TOO_OLD, UNKNOWN_ORDER

D = Decimal
TWO_COINS = {"BTCUSDT": 100.0, "SOLUSDT": 10.0}


async def test_a_new_ledger_starts_with_the_balance_and_an_old_one_keeps_its_own(opening: Any) -> None:
    first = await opening(balance="USDT=500")
    assert await first.exchange.balances() == {"USDT": Balance(D(500), D(0))}
    await first.place("buy", "MARKET", 1)
    first.exchange.close()
    again = await opening(balance="USDT=9000")
    assert (await again.free("USDT"), await again.free("BTC")) == (D(400), D(1))


async def test_a_buy_moves_money_into_coins_and_is_reported_with_its_fills(scene: Any) -> None:
    bought = await scene.place("buy", "MARKET", 2)
    assert (bought.status, bought.cum, bought.quote_cum) == ("FILLED", D(2), D(200))
    assert await scene.fills() == [(D(100), D(2))]
    assert (await scene.free("USDT"), await scene.free("BTC")) == (D(9800), D(12))


async def test_a_list_can_be_read_and_is_canceled_as_a_whole(scene: Any) -> None:
    made = await scene.protect(3, 90, 120)
    assert [one.cid for one in await scene.exchange.open_lists()] == [made.cid]
    assert {order.cid for order in await scene.exchange.open_orders("BTCUSDT")} == {made.stop.cid, made.target.cid}
    assert (await scene.exchange.balances())["BTC"] == Balance(D(7), D(3))
    assert isinstance(await scene.exchange.cancel_list("BTCUSDT", made.cid), Accepted)
    ended = await scene.order_list(made)
    assert (ended.executing, ended.stop.status, ended.target.status) == (False, "CANCELED", "CANCELED")
    assert (await scene.exchange.balances())["BTC"] == Balance(D(10), D(0))


async def test_open_orders_are_told_by_symbol(opening: Any) -> None:
    scene = await opening(prices=TWO_COINS)
    btc = [await scene.place("buy", "LIMIT", 1, px) for px in (90, 91)]
    sol = await scene.place("buy", "LIMIT", 2, 9, symbol="SOLUSDT")
    everywhere = await scene.exchange.open_everywhere()
    told = {symbol: {order.cid for order in orders} for symbol, orders in everywhere.items()}
    assert told == {"BTCUSDT": {order.cid for order in btc}, "SOLUSDT": {sol.cid}}
    await scene.exchange.cancel("SOLUSDT", sol.cid)
    assert set(await scene.exchange.open_everywhere()) == {"BTCUSDT"}


async def test_one_request_cancels_a_stop_and_places_another(scene: Any) -> None:
    old = await scene.place("sell", "STOP_LOSS", 10, stop=90)
    outcome = await scene.exchange.replace(old.cid, scene.new("sell", "STOP_LOSS", 10, stop=95))
    assert isinstance(outcome, Accepted)
    assert isinstance(outcome.report, Order)
    assert [(o.cid, o.stop_px) for o in await scene.exchange.open_orders("BTCUSDT")] == [(outcome.report.cid, D(95))]
    assert (await scene.order(old)).status == "CANCELED"


async def test_a_stop_sells_when_the_market_moves_though_nobody_calls(scene: Any) -> None:
    stop = await scene.place("sell", "STOP_LOSS", 1, stop=90)
    scene.jump(85)
    assert (await scene.order(stop)).status == "FILLED"


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ahead", "refused"), [(-3001, TOO_OLD), (-3000, None), (999, None), (1000, TOO_EARLY)])
async def test_the_timestamp_of_a_request_must_be_near(
    scene: Any, refusal: Any, ahead: int, refused: str | None
) -> None:
    outcome = await scene.send("buy", "MARKET", 1, sent_at=scene.clock.now_ms + ahead)
    if refused is None:
        assert isinstance(outcome, Accepted)
    else:
        assert refusal(outcome) == (-1021, refused)
    assert len(await scene.fills()) == (refused is None)


async def test_the_window_may_be_wider_where_market_time_is_faster(opening: Any, refusal: Any) -> None:
    scene = await opening(recv_window_ms=60_000)
    assert isinstance(await scene.send("buy", "MARKET", 1, sent_at=scene.clock.now_ms - 60_000), Accepted)
    late = await scene.send("buy", "MARKET", 1, sent_at=scene.clock.now_ms - 60_001)
    assert refusal(late) == (-1021, TOO_OLD)


async def test_a_symbol_that_is_not_listed_is_refused_or_not_found(scene: Any, refusal: Any) -> None:
    assert refusal(await scene.send("buy", "MARKET", 1, symbol="NOPEUSDT")) == (-1121, BAD_SYMBOL)
    with pytest.raises(SymbolNotFound):
        await scene.exchange.open_orders("NOPEUSDT")


async def test_an_order_that_is_not_there_can_be_neither_read_nor_canceled(scene: Any, refusal: Any) -> None:
    with pytest.raises(OrderNotFound, match=NO_SUCH_ORDER):
        await scene.exchange.order("BTCUSDT", "other")
    assert refusal(await scene.exchange.cancel("BTCUSDT", "other")) == (-2011, UNKNOWN_ORDER)


async def test_when_the_ledger_fails_the_outcome_is_unknown(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_given: Any) -> Any:
        raise StorageError("the disk is full")

    monkeypatch.setattr(scene.exchange._session.ledger, "write", fail)
    assert await scene.send("buy", "MARKET", 1) == Unknown("the disk is full")


# --- prices ------------------------------------------------------------------------------------------------------


async def test_the_ticker_has_the_last_price_between_bid_and_ask(opening: Any) -> None:
    scene = await opening(depth=Depth(half_spread=D("0.001"), levels=10))
    ticker = await scene.exchange.ticker("BTCUSDT")
    assert (ticker.bid, ticker.ask, ticker.last) == (D("99.9"), D("100.1"), D(100))
    scene.jump(110)
    assert (await scene.exchange.ticker("BTCUSDT")).last == D(110)


async def test_its_time_is_market_time(scene: Any) -> None:
    scene.jump(100)
    assert await scene.exchange.server_time() == scene.clock.now_ms


async def test_orders_and_fills_are_told_since_an_instant(scene: Any) -> None:
    first = await scene.place("buy", "MARKET", 1)
    scene.jump(100)
    second = await scene.place("buy", "MARKET", 1)
    since = second.created_at
    assert [order.cid for order in await scene.exchange.orders("BTCUSDT", since)] == [second.cid]
    assert [fill.order_ex_id for fill in await scene.exchange.fills("BTCUSDT", since)] == [second.ex_id]
    assert first.created_at < since

"""Every type of order, on the way that the price takes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from opentrader.domain.trading.venue import Refused
from opentrader.exchange.paper.matching.book import Depth
from opentrader.exchange.paper.matching.fees import Fees

D = Decimal


async def test_a_market_order_takes_the_best_price_at_once(opening: Any) -> None:
    scene = await opening(depth=Depth(half_spread=D("0.001")))
    bought = await scene.place("buy", "MARKET", 1)
    sold = await scene.place("sell", "MARKET", 1)
    assert (bought.status, bought.quote_cum) == ("FILLED", D("100.1"))
    assert (sold.status, sold.quote_cum) == ("FILLED", D("99.9"))


async def test_a_bigger_order_walks_the_book(opening: Any) -> None:
    scene = await opening(depth=Depth(D(0), spacing=D("0.01"), level_notional=D(100), levels=5))
    bought = await scene.place("buy", "MARKET", "2.5")
    assert await scene.fills() == [(100, 1), (101, 1), (102, D("0.5"))]
    assert (bought.cum, bought.quote_cum) == (D("2.5"), D(252))


async def test_a_market_order_ends_expired_where_the_book_does(opening: Any) -> None:
    scene = await opening(depth=Depth(D(0), D("0.01"), level_notional=D(100), levels=2))
    sold = await scene.place("sell", "MARKET", 5)
    assert (sold.status, sold.cum) == ("EXPIRED", 2)
    assert (await scene.exchange.balances())["BTC"].total == 8


async def test_a_limit_takes_what_its_price_allows_and_rests_with_the_rest(opening: Any) -> None:
    scene = await opening(depth=Depth(D(0), D("0.01"), level_notional=D(100), levels=5))
    order = await scene.place("buy", "LIMIT", 5, 101)
    assert (order.status, order.cum) == ("OPEN", 2)
    assert (await scene.exchange.balances())["USDT"].locked == 3 * 101


async def test_a_touch_fills_one_level_and_every_step_beyond_one_more(opening: Any) -> None:
    scene = await opening(depth=Depth(D(0), D("0.01"), level_notional=D(90), levels=5))
    order = await scene.place("buy", "LIMIT", 4, 90)
    scene.minute(100, 100, 90, 95)
    assert (await scene.order(order)).cum == 1
    scene.minute(95, 95, 95, 95)
    assert (await scene.order(order)).cum == 1
    scene.minute(95, 95, 88.2, 95)  # two steps below 90
    touched = await scene.order(order)
    assert (touched.status, touched.cum, touched.quote_cum) == ("FILLED", 4, 360)


async def test_a_price_that_does_not_touch_fills_nothing(scene: Any) -> None:
    order = await scene.place("buy", "LIMIT", 1, 90)
    scene.minute(100, 100, 90.01, 95)
    assert (await scene.order(order)).cum == 0


async def test_two_resting_orders_share_what_comes_by(opening: Any) -> None:
    scene = await opening(depth=Depth(D(0), D("0.01"), level_notional=D(90), levels=5))
    first, second = await scene.place("buy", "LIMIT", "0.7", 90), await scene.place("buy", "LIMIT", "0.7", 90)
    scene.minute(100, 100, 90, 95)
    assert [(await scene.order(one)).cum for one in (first, second)] == [D("0.7"), D("0.3")]


@pytest.mark.parametrize(("kind", "cum", "status"), [("IOC", 2, "EXPIRED"), ("FOK", 0, "EXPIRED")])
async def test_an_order_that_may_not_rest(opening: Any, kind: str, cum: int, status: str) -> None:
    scene = await opening(depth=Depth(D(0), D("0.01"), level_notional=D(100), levels=5))
    order = await scene.place("buy", "LIMIT", 5, 101, time_in_force=kind)
    assert (order.status, order.cum) == (status, cum)
    assert (await scene.place("buy", "LIMIT", 2, 101, time_in_force="FOK")).status == "FILLED"


async def test_a_maker_is_refused_rather_than_take(scene: Any, refusal: Any) -> None:
    outcome = await scene.send("buy", "LIMIT_MAKER", 1, 100)
    assert refusal(outcome) == (-2010, "Order would immediately match and take.")
    assert outcome.reason == "price"
    order = await scene.place("buy", "LIMIT_MAKER", 1, "99.99")
    scene.jump(99.99)
    assert (await scene.order(order)).status == "FILLED"


# side, type, trigger, a way that stops short of it, one that reaches it
TRIGGERS = [
    ("sell", "STOP_LOSS", 95, (100, 101, 95.01, 96), (96, 96, 95, 96)),
    ("sell", "TAKE_PROFIT", 105, (100, 104.99, 99, 104), (104, 105, 104, 104)),
    ("buy", "STOP_LOSS", 105, (100, 104.99, 99, 104), (104, 105, 104, 104)),
    ("buy", "TAKE_PROFIT", 95, (100, 101, 95.01, 96), (96, 96, 95, 96)),
]


@pytest.mark.parametrize(("side", "kind", "stop", "short", "reaching"), TRIGGERS)
async def test_a_triggered_order_leaves_at_market(
    scene: Any, side: str, kind: str, stop: int, short: tuple[float, ...], reaching: tuple[float, ...]
) -> None:
    order = await scene.place(side, kind, 1, None, stop)
    assert order.status == "OPEN"
    scene.minute(*short)
    assert (await scene.order(order)).status == "OPEN"
    scene.minute(*reaching)
    done = await scene.order(order)
    assert (done.status, done.quote_cum) == ("FILLED", stop)


@pytest.mark.parametrize(("side", "kind", "stop", "short", "reaching"), TRIGGERS)
async def test_a_triggered_limit_is_an_order_at_its_limit(
    scene: Any, side: str, kind: str, stop: int, short: tuple[float, ...], reaching: tuple[float, ...]
) -> None:
    worse = stop + 1 if side == "buy" else stop - 1  # what it would accept at worst
    order = await scene.place(side, f"{kind}_LIMIT", 1, worse, stop)
    scene.minute(*short)
    assert not (await scene.order(order)).triggered
    scene.minute(*reaching)
    done = await scene.order(order)
    assert (done.status, done.quote_cum, done.triggered) == ("FILLED", stop, True)


@pytest.mark.parametrize(("side", "kind", "stop"), [(side, kind, stop) for side, kind, stop, *_ in TRIGGERS])
async def test_a_trigger_that_the_price_has_passed_is_refused(
    scene: Any, refusal: Any, side: str, kind: str, stop: int
) -> None:
    scene.jump(stop)
    for suffix, px in (("", None), ("_LIMIT", 100)):
        outcome = await scene.send(side, kind + suffix, 1, px, stop)
        assert refusal(outcome) == (-2010, "Order would trigger immediately.")
        assert outcome.reason == "price"


async def test_a_gap_through_a_stop_leaves_where_the_price_lands(scene: Any) -> None:
    order = await scene.place("sell", "STOP_LOSS", 1, None, 95)
    scene.minute(90, 92, 89, 91)
    assert (await scene.order(order)).quote_cum == 90


async def test_a_slide_through_a_stop_leaves_at_the_stop(scene: Any) -> None:
    order = await scene.place("sell", "STOP_LOSS", 1, None, 95)
    scene.minute(100, 100, 80, 81)
    assert (await scene.order(order)).quote_cum == 95


async def test_a_gap_through_a_stop_limit_leaves_it_on_the_book(scene: Any) -> None:
    order = await scene.place("sell", "STOP_LOSS_LIMIT", 1, 94, 95)
    scene.minute(90, 92, 89, 91)
    stuck = await scene.order(order)
    assert (stuck.status, stuck.cum, stuck.triggered) == ("OPEN", 0, True)
    scene.jump(93.99, 94)
    assert (await scene.order(order)).quote_cum == 94


async def test_a_buy_at_market_never_pays_more_than_it_locked(opening: Any) -> None:
    scene = await opening(balance="USDT=105")
    order = await scene.place("buy", "STOP_LOSS", "0.99", None, 101)
    assert await scene.free("USDT") == 105 - D("0.99") * 101 * D("1.05")
    scene.jump(110)
    ended = await scene.order(order)
    assert (ended.status, ended.cum) == ("EXPIRED", 0)
    assert await scene.free("USDT") == 105


async def test_prices_are_rounded_against_the_one_who_takes(opening: Any) -> None:
    scene = await opening(prices={"BTCUSDT": 100.005})
    assert (await scene.place("buy", "MARKET", 1)).quote_cum == D("100.01")
    assert (await scene.place("sell", "MARKET", 1)).quote_cum == D("100.00")


async def test_the_fee_is_taken_from_what_comes_in(opening: Any) -> None:
    scene = await opening(balance="USDT=1000", fees=Fees())
    bought = await scene.place("buy", "MARKET", 1)
    assert (bought.fees, bought.covered) == ((("BTC", D("0.001")),), 1)
    assert await scene.free("BTC") == D("0.999")
    sold = await scene.place("sell", "MARKET", "0.9")
    assert sold.fees == (("USDT", D("0.09")),)
    assert await scene.free("USDT") == 900 + 90 - D("0.09")


async def test_a_look_up_tells_no_fees_but_the_trades_do(opening: Any) -> None:
    scene = await opening(fees=Fees())
    bought = await scene.place("buy", "MARKET", 1)
    assert ((await scene.order(bought)).fees, (await scene.order(bought)).covered) == ((), 0)
    [fill] = await scene.exchange.fills("BTCUSDT", 0)
    assert (fill.order_ex_id, fill.fee_asset, fill.fee) == (bought.ex_id, "BTC", D("0.001"))


async def test_the_maker_pays_the_makers_rate(opening: Any) -> None:
    scene = await opening(fees=Fees(maker=D("0.0005"), taker=D("0.001")))
    await scene.place("sell", "LIMIT", 1, 101)
    scene.jump(101)
    [fill] = await scene.exchange.fills("BTCUSDT", 0)
    assert fill.fee == D("0.0505")


async def test_fees_in_bnb_leave_the_received_coins_whole_until_it_runs_out(opening: Any) -> None:
    prices = {"BTCUSDT": 100.0, "BNBUSDT": 50.0}
    scene = await opening(prices=prices, balance="USDT=1000,BNB=0.002", fees=Fees(in_bnb=True))
    first, second = await scene.place("buy", "MARKET", 1), await scene.place("buy", "MARKET", 1)
    assert first.fees == (("BNB", D("0.0015")),)  # 100 x 0.1 % x 0.75 at 50
    assert second.fees == (("BTC", D("0.001")),)
    assert await scene.free("BNB") == D("0.0005")
    fills = await scene.exchange.fills("BTCUSDT", 0)
    assert [(fill.fee_asset, fill.rate) for fill in fills] == [("BNB", 50), ("BTC", 0)]


async def test_the_rate_of_a_fill_is_the_price_at_its_time(opening: Any) -> None:
    scene = await opening(prices={"BTCUSDT": 100.0, "BNBUSDT": 50.0}, balance="USDT=1000,BNB=1", fees=Fees(in_bnb=True))
    await scene.place("buy", "MARKET", 1)
    scene.minute(80, 80, 80, 80, symbol="BNBUSDT")
    await scene.place("buy", "MARKET", 1)
    assert [fill.rate for fill in await scene.exchange.fills("BTCUSDT", 0)] == [50, 80]


async def test_no_trade_is_older_than_its_order(scene: Any) -> None:
    scene.clock.now_ms += 50_000
    order = await scene.place("sell", "LIMIT", 1, 101)
    scene.clock.now_ms -= 50_000
    scene.minute(100, 101, 100, 100)
    [fill] = await scene.exchange.fills("BTCUSDT", 0)
    assert fill.at == order.created_at


async def test_an_id_is_taken_as_long_as_its_order_is_open(scene: Any, refusal: Any) -> None:
    first = await scene.place("buy", "LIMIT", 1, 90, cid="mine")
    outcome = await scene.send("buy", "LIMIT", 1, 90, cid="mine")
    assert refusal(outcome) == (-2010, "Duplicate order sent.")
    assert outcome.reason == "duplicate"
    scene.jump(90)
    second = await scene.place("buy", "LIMIT", 1, 80, cid="mine")
    assert first.ex_id != second.ex_id
    assert (await scene.exchange.order("BTCUSDT", "mine")).ex_id == second.ex_id
    assert [one.status for one in await scene.exchange.orders("BTCUSDT", 0)] == ["FILLED", "OPEN"]


async def test_cancelling_frees_what_was_locked(scene: Any, refusal: Any) -> None:
    order = await scene.place("buy", "LIMIT", 10, 90)
    assert await scene.free("USDT") == 9_100
    outcome = await scene.exchange.cancel("BTCUSDT", order.cid)
    assert outcome.report.status == "CANCELED"
    assert await scene.free("USDT") == 10_000
    again = await scene.exchange.cancel("BTCUSDT", order.cid)
    assert refusal(again) == (-2011, "Unknown order sent.")
    assert again.reason == "not_found"


async def test_a_cancelled_order_keeps_what_it_filled(opening: Any) -> None:
    scene = await opening(depth=Depth(D(0), D("0.01"), level_notional=D(90), levels=5))
    order = await scene.place("buy", "LIMIT", 4, 90)
    scene.minute(100, 100, 90, 95)
    outcome = await scene.exchange.cancel("BTCUSDT", order.cid)
    assert (outcome.report.status, outcome.report.cum) == ("CANCELED", 1)


async def test_what_an_order_locks_no_other_can_use(scene: Any, refusal: Any) -> None:
    await scene.place("sell", "LIMIT", 8, 110)
    outcome = await scene.send("sell", "MARKET", 3)
    assert refusal(outcome) == (-2010, "Account has insufficient balance for requested action.")
    assert outcome.reason == "balance"
    assert (await scene.place("sell", "MARKET", 2)).status == "FILLED"


async def test_a_refused_order_does_not_exist(scene: Any) -> None:
    assert isinstance(await scene.send("sell", "MARKET", 11), Refused)
    assert await scene.exchange.orders("BTCUSDT", 0) == ()

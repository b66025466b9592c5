"""OCO lists: locked once, one order out when the other works, and cancelReplace of a list by a single stop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from opentrader.domain.trading.exchange import ListLeg
from opentrader.domain.trading.venue import Accepted
from opentrader.exchange.paper.matching.book import Depth

D = Decimal


def statuses(one: Any) -> tuple[bool, str, str]:
    return one.executing, one.stop.status, one.target.status


async def test_a_list_locks_its_quantity_once(scene: Any, refusal: Any) -> None:
    made = await scene.protect(8, 95, 110)
    assert statuses(made) == (True, "OPEN", "OPEN")
    assert made.stop.list_id == made.target.list_id == made.ex_id
    held = (await scene.exchange.balances())["BTC"]
    assert (held.free, held.locked) == (2, 8)
    assert refusal(await scene.send("sell", "MARKET", 3))[0] == -2010
    assert [one.cid for one in await scene.exchange.open_orders("BTCUSDT")] == [made.stop.cid, made.target.cid]
    assert await scene.exchange.open_lists() == (made,)


async def test_the_stop_trades_and_the_target_expires(scene: Any) -> None:
    made = await scene.protect(8, 95, 110)
    scene.minute(100, 100, 95, 96)
    done = await scene.order_list(made)
    assert statuses(done) == (False, "FILLED", "EXPIRED")
    assert done.stop.quote_cum == 8 * 95
    assert await scene.exchange.open_lists() == ()


async def test_the_target_trades_and_the_stop_expires(scene: Any) -> None:
    made = await scene.protect(8, 95, 110)
    scene.minute(100, 110, 100, 109)
    assert statuses(await scene.order_list(made)) == (False, "EXPIRED", "FILLED")
    assert await scene.fills() == [(110, 8)]


async def test_in_a_minute_that_reaches_both_the_stop_comes_first(scene: Any) -> None:
    made = await scene.protect(8, 95, 110)
    scene.minute(100, 111, 94, 105)
    assert statuses(await scene.order_list(made)) == (False, "FILLED", "EXPIRED")


async def test_a_list_of_buys_is_hurt_by_the_high_first(scene: Any) -> None:
    above, below = ListLeg("s", "STOP_LOSS", None, D(105)), ListLeg("t", "LIMIT_MAKER", D(95))
    made = await scene.protect(2, 0, 0, side="buy", above=above, below=below)
    assert (await scene.exchange.balances())["USDT"].locked == 2 * 105 * D("1.05")  # the dearer of the two
    scene.minute(100, 106, 94, 100)
    assert statuses(await scene.order_list(made)) == (False, "FILLED", "EXPIRED")
    assert await scene.fills() == [(105, 2)]


async def test_an_opening_beyond_the_target_decides_before_the_low(scene: Any) -> None:
    made = await scene.protect(8, 95, 110)
    scene.minute(112, 113, 90, 100)
    assert statuses(await scene.order_list(made)) == (False, "EXPIRED", "FILLED")
    assert await scene.fills() == [(110, 8)]


async def test_a_target_that_trades_partly_leaves_the_rest_without_a_stop(opening: Any) -> None:
    scene = await opening(depth=Depth(D(0), D("0.01"), level_notional=D(330), levels=5))
    made = await scene.protect(8, 95, 110)
    scene.minute(100, 110, 100, 100)
    partly = await scene.order_list(made)
    assert statuses(partly) == (True, "EXPIRED", "OPEN")
    assert partly.target.cum == 3
    scene.jump(80)
    assert (await scene.order_list(made)).target.cum == 3
    outcome = await scene.exchange.cancel("BTCUSDT", made.target.cid)
    assert (outcome.report.status, outcome.report.cum) == ("CANCELED", 3)
    assert statuses(await scene.order_list(made)) == (False, "EXPIRED", "CANCELED")


async def test_a_stop_limit_that_is_jumped_over_leaves_the_list_executing(scene: Any) -> None:
    made = await scene.protect(8, 95, 110, 94)
    scene.jump(90)
    stuck = await scene.order_list(made)
    assert statuses(stuck) == (True, "OPEN", "EXPIRED")
    assert (stuck.stop.triggered, stuck.stop.cum) == (True, 0)
    assert (await scene.exchange.balances())["BTC"].locked == 8


async def test_cancelling_one_order_cancels_the_list(scene: Any, refusal: Any) -> None:
    for leg in ("stop", "target"):
        made = await scene.protect(8, 95, 110)
        outcome = await scene.exchange.cancel("BTCUSDT", getattr(made, leg).cid)
        assert outcome.report.cid == getattr(made, leg).cid
        assert statuses(await scene.order_list(made)) == (False, "CANCELED", "CANCELED")
        gone = await scene.exchange.cancel_list("BTCUSDT", made.cid)
        assert refusal(gone) == (-2011, "Unknown order list sent.")
    assert await scene.free("BTC") == 10


async def test_cancelling_a_list_tells_how_both_ended(scene: Any) -> None:
    made = await scene.protect(8, 95, 110)
    outcome = await scene.exchange.cancel_list("BTCUSDT", made.cid)
    assert isinstance(outcome, Accepted)
    assert statuses(outcome.report) == (False, "CANCELED", "CANCELED")


@pytest.mark.parametrize(("stop", "target"), [(100, 110), (101, 110), (95, 100), (95, 99)])
async def test_the_price_must_stand_between_stop_and_target(scene: Any, refusal: Any, stop: int, target: int) -> None:
    outcome = await scene.exchange.place_list(scene.new_list(8, stop, target))
    assert refusal(outcome) == (-2010, "The relationship of the prices for the orders is not correct.")
    assert outcome.reason == "price"
    assert await scene.exchange.open_orders("BTCUSDT") == ()


async def test_a_list_of_more_than_is_free_is_refused(scene: Any, refusal: Any) -> None:
    outcome = await scene.exchange.place_list(scene.new_list("10.00001", 95, 110))
    assert refusal(outcome) == (-2010, "Account has insufficient balance for requested action.")


async def test_a_target_may_wait_for_its_price_too(scene: Any) -> None:
    above = ListLeg("t", "TAKE_PROFIT", None, D(110))
    made = await scene.protect(8, 95, 0, above=above)
    scene.minute(100, 111, 100, 109)
    done = await scene.order_list(made)
    assert statuses(done) == (False, "EXPIRED", "FILLED")
    assert done.target.quote_cum == 8 * 110


L, M, S, T = "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "TAKE_PROFIT"
SHAPES = [
    ("sell", M, M, -1168, "At least one OCO order must be contingent."),
    ("sell", L, S, -1158, "Order type not supported in OCO."),
    ("sell", S, M, -1166, "A limit order in a sell OCO must be above."),
    ("sell", S, S, -1197, "A stop loss order in a sell OCO must be below."),
    ("sell", M, T, -1199, "A take profit order in a sell OCO must be above."),
    ("buy", M, S, -1165, "A limit order in a buy OCO must be below."),
    ("buy", S, S, -1196, "A stop loss order in a buy OCO must be above."),
    ("buy", T, M, -1198, "A take profit order in a buy OCO must be below."),
]


@pytest.mark.parametrize(("side", "above", "below", "code", "text"), SHAPES)
async def test_shapes_that_are_no_oco(
    scene: Any, refusal: Any, side: str, above: str, below: str, code: int, text: str
) -> None:
    def leg(cid: str, kind: str, price: int) -> ListLeg:
        waits = kind in {S, T}
        return ListLeg(cid, kind, None if waits else D(price), D(price) if waits else None)  # type: ignore[arg-type]  # also kinds that are no leg's

    new = scene.new_list(1, 95, 110, side=side, above=leg("a", above, 110), below=leg("b", below, 95))
    assert refusal(await scene.exchange.place_list(new)) == (code, text)


async def test_ids_of_a_list(scene: Any, refusal: Any) -> None:
    twice = scene.new_list(1, 95, 110, above=ListLeg("s1", "LIMIT_MAKER", D(110)))
    assert refusal(await scene.exchange.place_list(twice)) == (-1013, "Duplicate order sent.")
    made = await scene.protect(1, 95, 110)
    same_list = scene.new_list(1, 95, 110, cid=made.cid)
    same_leg = scene.new_list(1, 95, 110, above=ListLeg(made.stop.cid, "LIMIT_MAKER", D(110)))
    for again in (same_list, same_leg):
        assert refusal(await scene.exchange.place_list(again)) == (-2010, "Duplicate order sent.")


async def test_a_list_counts_one_stop_and_one_list(opening: Any, refusal: Any) -> None:
    scene = await opening(terms={"most_stops": 1})
    await scene.protect(1, 95, 110)
    outcome = await scene.exchange.place_list(scene.new_list(1, 95, 110))
    assert refusal(outcome) == (-2010, "Filter failure: MAX_NUM_ALGO_ORDERS")
    assert outcome.reason == "filter"
    assert (await scene.place("sell", "LIMIT", 1, 110)).status == "OPEN"


async def test_what_adds_to_no_count_is_not_limited_by_it(opening: Any) -> None:
    scene = await opening()
    for _ in range(2):
        await scene.protect(1, 95, 110)
    scene.exchange.close()
    stricter = await opening(terms={"most_stops": 1, "most_lists": 1, "most_orders": 1})
    assert (await stricter.place("sell", "MARKET", 1)).status == "FILLED"


async def test_a_list_of_buys_must_be_able_to_pay_for_the_dearer(opening: Any, refusal: Any) -> None:
    above, below = ListLeg("s", "STOP_LOSS_LIMIT", D(106), D(105)), ListLeg("t", "LIMIT_MAKER", D(95))
    scene = await opening(balance="USDT=211.99")
    new = scene.new_list(2, 0, 0, side="buy", above=above, below=below)
    assert refusal(await scene.exchange.place_list(new))[1] == "Account has insufficient balance for requested action."
    await scene.transfer("USDT", D("0.01"))
    assert isinstance(await scene.exchange.place_list(new), Accepted)
    assert await scene.free("USDT") == 0


async def test_the_number_of_lists_is_limited(opening: Any, refusal: Any) -> None:
    scene = await opening(terms={"most_lists": 1})
    made = await scene.protect(1, 95, 110)
    outcome = await scene.exchange.place_list(scene.new_list(1, 95, 110))
    assert refusal(outcome) == (-2010, "Filter failure: MAX_NUM_ORDER_LISTS")
    await scene.exchange.cancel_list("BTCUSDT", made.cid)
    assert (await scene.protect(1, 95, 110)).executing


# --- cancelReplace ---------------------------------------------------------------------------------------------


async def test_a_list_is_replaced_by_a_single_stop(scene: Any) -> None:
    made = await scene.protect(8, 95, 110)
    outcome = await scene.exchange.replace(made.stop.cid, scene.new("sell", "STOP_LOSS", 8, None, 97))
    assert (outcome.report.status, outcome.report.stop_px, outcome.report.list_id) == ("OPEN", 97, "")
    assert statuses(await scene.order_list(made)) == (False, "CANCELED", "CANCELED")
    assert (await scene.exchange.balances())["BTC"].locked == 8


async def test_nothing_is_placed_where_nothing_could_be_cancelled(scene: Any, refusal: Any) -> None:
    outcome = await scene.exchange.replace("nobody", scene.new("sell", "STOP_LOSS", 8, None, 97))
    assert refusal(outcome) == (-2022, "Order cancel-replace failed.")
    assert outcome.reason != "half_done"
    assert await scene.exchange.orders("BTCUSDT", 0) == ()


@pytest.mark.parametrize(("qty", "stop"), [(8, 100), ("10.1", 97)])
async def test_cancelled_but_not_replaced(scene: Any, refusal: Any, qty: object, stop: int) -> None:
    made = await scene.protect(8, 95, 110)
    new = scene.new("sell", "STOP_LOSS", qty, None, stop)
    outcome = await scene.exchange.replace(made.stop.cid, new)
    assert refusal(outcome) == (-2021, "Order cancel-replace partially failed.")
    assert outcome.reason == "half_done"
    assert statuses(await scene.order_list(made)) == (False, "CANCELED", "CANCELED")
    assert await scene.exchange.open_orders("BTCUSDT") == ()


async def test_filters_and_counts_are_tested_before_anything_is_cancelled(opening: Any, refusal: Any) -> None:
    scene = await opening(terms={"most_stops": 1})
    made = await scene.protect(8, 95, 110)
    for new, text in (
        (scene.new("sell", "STOP_LOSS", 8, None, "97.001"), "Filter failure: PRICE_FILTER"),
        (scene.new("sell", "STOP_LOSS", 8, None, 97), "Filter failure: MAX_NUM_ALGO_ORDERS"),
    ):
        assert refusal(await scene.exchange.replace(made.stop.cid, new))[1] == text
        assert (await scene.order_list(made)).executing


async def test_both_legs_are_orders_like_any_other(scene: Any) -> None:
    made = await scene.protect(8, 95, 110)
    assert (await scene.order(made.stop)) == made.stop
    assert (await scene.exchange.orders("BTCUSDT", 0)) == (made.stop, made.target)

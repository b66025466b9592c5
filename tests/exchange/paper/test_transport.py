"""What the client sees, and what the ledger knows."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from opentrader.domain.trading.exchange import GarbledAnswer, OrderNotFound, ReadRefused, Unreachable
from opentrader.domain.trading.venue import Accepted, Refused, Unknown
from opentrader.exchange.paper.matching.book import Depth
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.transport import READS, WRITES, InjectedFault, Script

D = Decimal


async def with_fault(opening: Any, kind: str, on: str = "place", **more: Any) -> Any:
    return await opening(faults=Script([InjectedFault(kind, on, **more)]))  # type: ignore[arg-type]  # `kind` and `on` are of the literals


async def entered(scene: Any) -> list[str]:
    return [order.cid for order in await scene.exchange.orders("BTCUSDT", 0)]


@pytest.mark.parametrize(
    ("kind", "seen", "done"),
    [
        ("ok", Accepted, True),
        ("refuse", Refused, False),
        ("lost", Unknown, False),
        ("applied-no-reply", Unknown, True),
        ("duplicate-reply", Refused, True),
        ("slow", Accepted, True),
        ("garbage", Unknown, True),
        ("rate-limited", Refused, False),
        ("banned", Refused, False),
        ("maintenance", Refused, False),
    ],
)
async def test_a_write(opening: Any, kind: str, seen: type, done: bool) -> None:
    scene = await with_fault(opening, kind)
    assert isinstance(await scene.send("buy", "LIMIT", 1, 90, cid="mine"), seen)
    assert await entered(scene) == (["mine"] if done else [])
    assert await scene.free("USDT") == (9_910 if done else 10_000)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("refuse", ReadRefused),
        ("lost", Unreachable),
        ("applied-no-reply", Unreachable),
        ("garbage", GarbledAnswer),
        ("rate-limited", ReadRefused),
        ("maintenance", ReadRefused),
    ],
)
async def test_a_read(opening: Any, kind: str, error: type[Exception]) -> None:
    scene = await with_fault(opening, kind, "balances")
    with pytest.raises(error):
        await scene.exchange.balances()
    assert await scene.free("USDT") == 10_000


@pytest.mark.parametrize(
    ("kind", "code", "reason", "retry_after"),
    [("rate-limited", -1003, "rate", 7_000), ("banned", -1003, "rate", 7_000), ("maintenance", -1016, "other", 7_000)],
)
async def test_refusals_of_the_line(opening: Any, kind: str, code: int, reason: str, retry_after: int) -> None:
    scene = await with_fault(opening, kind, "all", delay_ms=7_000, times=2)
    outcome = await scene.send("buy", "LIMIT", 1, 90)
    assert (outcome.code, outcome.reason, outcome.retry_after) == (code, reason, retry_after)
    with pytest.raises(ReadRefused) as refused:
        await scene.exchange.ticker("BTCUSDT")
    assert (refused.value.venue_code, refused.value.retry_after) == (code, retry_after)


async def test_a_refusal_says_what_the_script_says(opening: Any) -> None:
    text = "Filter failure: MAX_NUM_ALGO_ORDERS"
    scene = await with_fault(opening, "refuse", "place_list", text=text)
    outcome = await scene.exchange.place_list(scene.new_list(1, 95, 110))
    assert outcome == Refused("filter", -2010, text)


async def test_an_error_that_does_not_say_whether_it_was_done_leaves_a_write_unknown_and_fails_a_read(
    opening: Any,
) -> None:
    text = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
    scene = await with_fault(opening, "refuse", "all", times=2, code=-1007, text=text)
    assert await scene.send("buy", "LIMIT", 1, 90) == Unknown(text)
    with pytest.raises(ReadRefused, match="Timeout waiting"):
        await scene.exchange.ticker("BTCUSDT")


async def test_a_read_can_be_told_that_there_is_no_such_order(opening: Any) -> None:
    scene = await with_fault(opening, "refuse", "order", code=-2013, text="Order does not exist.")
    order = await scene.place("buy", "LIMIT", 1, 90)
    with pytest.raises(OrderNotFound):
        await scene.order(order)
    assert (await scene.order(order)).status == "OPEN"


async def test_the_second_answer_to_a_cancel(opening: Any, refusal: Any) -> None:
    scene = await with_fault(opening, "duplicate-reply", "writes", at=2, times=3)
    order = await scene.place("buy", "LIMIT", 1, 90)
    assert refusal(await scene.exchange.cancel("BTCUSDT", order.cid)) == (-2011, "Unknown order sent.")
    assert (await scene.order(order)).status == "CANCELED"
    assert refusal(await scene.send("buy", "MARKET", 1)) == (-2010, "Duplicate order sent.")
    assert (await scene.exchange.balances())["BTC"].total == 11  # once, not twice


async def test_a_refusal_is_not_answered_twice(opening: Any, refusal: Any) -> None:
    scene = await with_fault(opening, "duplicate-reply")
    assert refusal(await scene.send("sell", "MARKET", 11))[1].startswith("Account has insufficient balance")


async def test_a_late_request_arrives_and_is_served_at_its_own_time(opening: Any) -> None:
    scene = await with_fault(opening, "applied-late", delay_ms=2_000)
    scene.clock.now_ms += 59_000
    assert isinstance(await scene.send("buy", "MARKET", 1, cid="late"), Unknown)
    assert await entered(scene) == []
    scene.clock.now_ms -= 59_000
    scene.jump(80)
    scene.clock.now_ms += 1_001  # two seconds after it was sent
    [order] = await scene.exchange.orders("BTCUSDT", 0)
    assert (order.cid, order.quote_cum) == ("late", 80)
    assert order.created_at == scene.clock.now_ms - 1


async def test_a_late_stop_meets_only_the_prices_after_it(opening: Any) -> None:
    scene = await with_fault(opening, "applied-late", delay_ms=2_500)
    await scene.send("sell", "STOP_LOSS", 1, None, 95, cid="late")
    scene.minute(100, 100, 96, 96)
    scene.minute(96, 96, 94, 96)
    [order] = await scene.exchange.orders("BTCUSDT", 0)
    assert (order.status, order.quote_cum) == ("FILLED", 95)


async def test_the_receive_window_ends_a_late_request(opening: Any) -> None:
    scene = await with_fault(opening, "applied-late", delay_ms=3_001)
    await scene.send("buy", "MARKET", 1)
    scene.minute(100, 100, 100, 100)
    assert await entered(scene) == []


async def test_late_requests_arrive_without_any_other_call(opening: Any) -> None:
    scene = await with_fault(opening, "applied-late", delay_ms=2_000)
    await scene.send("buy", "MARKET", 1)
    await scene.exchange.advance(scene.clock.now_ms + 2_000)
    assert len(await entered(scene)) == 1


async def test_a_stale_read_shows_the_state_before(opening: Any) -> None:
    stale = [
        InjectedFault("stale", on, delay_ms=60_000) for on in ("orders", "open_orders", "fills", "balances", "order")
    ]
    scene = await opening(faults=Script(stale))
    scene.jump(100)
    made = await scene.protect(4, 95, 110)
    order = await scene.place("buy", "LIMIT", 1, 96)
    scene.minute(100, 100, 94, 94)
    before, now = [
        (
            [one.status for one in await scene.exchange.orders("BTCUSDT", 0)],
            len(await scene.exchange.open_orders("BTCUSDT")),
            await scene.fills(),
            await scene.exchange.balances(),
            (await scene.order(order)).cum,
        )
        for _ in range(2)
    ]
    assert before[:3] == (["OPEN", "OPEN", "OPEN"], 3, [])
    assert (before[3]["BTC"].free, before[3]["BTC"].locked, before[3]["USDT"].locked, before[4]) == (6, 4, 96, 0)
    assert now[:3] == (["FILLED", "EXPIRED", "FILLED"], 0, [(96, 1), (95, 4)])
    assert (now[3]["BTC"].free, now[3]["USDT"].total, now[4]) == (7, 10_000 - 96 + 380, 1)
    assert not (await scene.order_list(made)).executing


async def test_a_stale_read_does_not_know_of_money_just_moved(opening: Any) -> None:
    scene = await with_fault(opening, "stale", "balances", delay_ms=1_000)
    scene.clock.now_ms += 1_000
    await scene.transfer("BTC", D(-4))
    assert [await scene.free("BTC") for _ in range(2)] == [10, 6]


async def test_a_stale_read_of_one_symbol(opening: Any) -> None:
    scene = await opening(
        prices={"BTCUSDT": 100.0, "ETHUSDT": 10.0},
        faults=Script([InjectedFault("stale", "open_orders", delay_ms=0, times=2)]),
    )
    await scene.place("buy", "LIMIT", 1, 9, symbol="ETHUSDT")
    assert await scene.exchange.open_orders("BTCUSDT") == ()
    assert len(await scene.exchange.open_orders("ETHUSDT")) == 1


async def test_a_stale_read_may_not_know_what_was_just_placed(opening: Any) -> None:
    scene = await with_fault(opening, "stale", "reads", delay_ms=1)
    order = await scene.place("buy", "LIMIT", 1, 96)
    with pytest.raises(OrderNotFound):
        await scene.order(order)
    assert (await scene.order(order)).cid == order.cid


async def test_a_stale_read_of_a_partial_fill(opening: Any) -> None:
    script = Script([InjectedFault("stale", "order", delay_ms=60_000)])
    scene = await opening(faults=script, depth=Depth(D(0), D("0.01"), level_notional=D(90), levels=5))
    order = await scene.place("buy", "LIMIT", 3, 90)
    scene.minute(95, 95, 90, 95)
    scene.minute(95, 95, 90, 95)
    assert [(await scene.order(order)).cum for _ in range(2)] == [1, 2]


async def test_a_stale_read_of_a_trigger(opening: Any) -> None:
    scene = await opening(faults=Script([InjectedFault("stale", "order", delay_ms=60_000)]))
    order = await scene.place("sell", "STOP_LOSS_LIMIT", 1, 94, 95)
    scene.minute(100, 100, 94, 94)
    assert [(await scene.order(order)).triggered for _ in range(2)] == [False, True]


async def test_a_held_call_has_not_arrived(scene: Any) -> None:
    scene.exchange.transport.gate.clear()
    held = asyncio.create_task(scene.send("buy", "MARKET", 1))
    await asyncio.sleep(0)
    scene.jump(80)
    assert not held.done()
    scene.exchange.transport.gate.set()
    outcome = await held
    assert outcome.reason == "clock"  # by now its timestamp is too old


async def test_a_client_that_gives_up_does_not_stop_the_venue(opening: Any) -> None:
    scene = await with_fault(opening, "slow", delay_ms=3_600_000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await scene.send("buy", "LIMIT", 1, 90, cid="mine")
    assert await entered(scene) == ["mine"]


def test_a_script_counts_by_name() -> None:
    script = Script(
        [
            InjectedFault("lost", "writes", at=2),
            InjectedFault("garbage", "place", times=2),
            InjectedFault("slow", "all", at=5),
        ]
    )
    calls = ["place", "cancel", "balances", "place", "place"]
    assert [script(call).kind for call in calls] == ["garbage", "lost", "ok", "garbage", "slow"]


def test_every_call_of_the_port_has_a_name_in_scripts() -> None:
    beside_the_port = {"open", "close", "advance", "venue", "used", "pushes", "stream"}
    assert {name for name in vars(PaperExchange) if not name.startswith("_")} - beside_the_port == WRITES | READS

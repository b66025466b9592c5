"""Effects become requests, over a real exchange; what is late or barred never leaves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from opentrader.actors.trading.venue_calls import send, send_in_time
from opentrader.domain.trading.venue import (
    Accepted,
    CancelList,
    CancelOrder,
    Close,
    Order,
    OrderList,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    Refused,
    ReplaceList,
)

D = Decimal
BTC = "BTCUSDT"


def place_list(scene: Any, **more: Any) -> PlaceList:
    named = {"side": "sell", "qty": D(2), "stop_px": D(95), "limit_px": None, "target_px": D(110), **more}
    return PlaceList("l", "s", "t", BTC, sent_at=scene.clock.now_ms, **named)


async def test_every_effect(scene: Any) -> None:
    now = scene.clock.now_ms
    entry = await send(scene.exchange, PlaceEntry("e", BTC, "buy", D(1), D(90), now))
    market = await send(scene.exchange, PlaceEntry("m", BTC, "buy", D(1), None, now))
    made = await send(scene.exchange, place_list(scene))
    stop = PlaceStop("r", BTC, "sell", D(2), D(96), None, now)
    replaced = await send(scene.exchange, ReplaceList("l", "s", stop))
    single = await send(scene.exchange, PlaceStop("p", BTC, "sell", D(1), D(96), D(95), now))
    closed = await send(scene.exchange, Close("c", BTC, "sell", D(3), now))
    outcomes = (entry, market, made, replaced, single, closed)
    assert [type(one) for one in outcomes] == [Accepted] * 6
    assert [kind(one.report) for one in outcomes] == [  # type: ignore[union-attr, arg-type]  # all are `Accepted`, see above
        "LIMIT",
        "MARKET",
        ("STOP_LOSS", "LIMIT_MAKER"),
        "STOP_LOSS",
        "STOP_LOSS_LIMIT",
        "MARKET",
    ]
    cancelled = await send(scene.exchange, CancelOrder("e", BTC))
    assert cancelled.report.status == "CANCELED"  # type: ignore[union-attr]  # what is not `Accepted` fails here


def kind(report: Order | OrderList) -> Any:
    return report.type if isinstance(report, Order) else (report.stop.type, report.target.type)


async def test_a_list_is_cancelled_by_its_own_id(scene: Any) -> None:
    await send(scene.exchange, place_list(scene))
    outcome = await send(scene.exchange, CancelList("l", BTC))
    assert not outcome.report.executing  # type: ignore[union-attr]  # what is not `Accepted` fails here


async def test_a_list_of_buys_has_its_stop_above(scene: Any) -> None:
    effect = place_list(scene, side="buy", stop_px=D(105), limit_px=D(106), target_px=D(95))
    outcome = await send(scene.exchange, effect)
    assert (outcome.report.stop.cid, outcome.report.target.cid) == ("s", "t")  # type: ignore[union-attr]  # what is not `Accepted` fails here


async def test_what_was_committed_too_long_ago_is_not_sent(scene: Any) -> None:
    stop = PlaceStop("p", BTC, "sell", D(1), D(96), None, scene.clock.now_ms - 1_001)
    outcome = await send_in_time(scene.exchange, stop, scene.clock, late_ms=1_000, barred=lambda: "")
    assert outcome == Refused("late", text="it was committed too long ago")
    assert await scene.exchange.open_orders(BTC) == ()
    cancel = CancelOrder("p", BTC)  # it can only remove an order, however late
    outcome = await send_in_time(scene.exchange, cancel, scene.clock, late_ms=1_000, barred=lambda: "")
    assert isinstance(outcome, Refused)
    assert outcome.reason == "not_found"


async def test_only_an_entry_asks_the_gate(scene: Any) -> None:
    now = scene.clock.now_ms
    entry, exit_ = PlaceEntry("e", BTC, "buy", D(1), D(90), now), Close("c", BTC, "sell", D(1), now)
    for effect, kind in ((entry, Refused), (exit_, Accepted)):
        outcome = await send_in_time(scene.exchange, effect, scene.clock, late_ms=1_000, barred=lambda: "halted")
        assert type(outcome) is kind

"""Effects become requests, and many reads one view, over a real exchange."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors.trading.venue_calls import read, send
from opentrader.domain.trading.exchange import Unreachable
from opentrader.domain.trading.venue import (
    Accepted,
    Balance,
    CancelList,
    CancelOrder,
    Close,
    Order,
    OrderList,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    ReplaceList,
    Watch,
)
from opentrader.exchange.paper.transport import READS, InjectedFault, Script

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


async def test_one_view(scene: Any) -> None:
    await send(scene.exchange, PlaceEntry("e", BTC, "buy", D(1), None, scene.clock.now_ms))
    await send(scene.exchange, place_list(scene))
    await scene.place("sell", "LIMIT", 1, 120, cid="web_1")
    view = await read(scene.exchange, Watch(BTC, ("e", "gone"), ("l", "never"), since=0))
    assert view.readable
    assert (view.last, view.at, view.balance) == (100, scene.clock.now_ms, Balance(D(8), D(3)))
    assert {cid: type(one) for cid, one in view.found.items()} == {"e": Order, "l": OrderList}
    assert view.missing == {"gone", "never"}
    assert [one.cid for one in view.open_orders or ()] == ["s", "t", "web_1"]
    assert [one.cid for one in view.history or ()] == ["e", "s", "t", "web_1"]
    assert [fill.order_ex_id for fill in view.fills or ()] == [view.found["e"].ex_id]


async def test_a_coin_never_held_is_a_balance_of_nothing(opening: Any) -> None:
    scene = await opening(balance="USDT=100")
    view = await read(scene.exchange, Watch(BTC))
    assert view.balance == Balance(D(0), D(0))


@pytest.mark.parametrize(
    ("method", "part"),
    [
        ("open_orders", "open_orders"),
        ("orders", "history"),
        ("fills", "fills"),
        ("balances", "balance"),
        ("ticker", "last"),
    ],
)
async def test_each_part_fails_for_itself(opening: Any, method: str, part: str) -> None:
    scene = await opening(faults=Script([InjectedFault("lost", method, at=2)]))
    for failed in (False, True):
        view = await read(scene.exchange, Watch(BTC))
        assert (getattr(view, part) is None) == failed
        assert view.at == scene.clock.now_ms
        others = {"open_orders", "history", "fills", "balance", "last"} - {part}
        assert all(getattr(view, other) is not None for other in others)


@pytest.mark.parametrize(("method", "cid"), [("order", "e"), ("order_list", "l")])
async def test_a_look_up_that_fails_is_neither_found_nor_missing(opening: Any, method: str, cid: str) -> None:
    scene = await opening(faults=Script([InjectedFault("lost", method)]))
    view = await read(scene.exchange, Watch(BTC, ("e",), ("l",)))
    assert view.missing == {"e", "l"} - {cid}
    assert not view.found


async def test_without_the_rules_there_is_no_view(opening: Any) -> None:
    scene = await opening(faults=Script([InjectedFault("lost", "filters")]))
    with pytest.raises(Unreachable):
        await read(scene.exchange, Watch(BTC))


async def test_a_blind_view_still_has_the_rules_and_the_time(opening: Any) -> None:
    blind = [InjectedFault("lost", method) for method in READS - {"filters", "server_time"}]
    scene = await opening(faults=Script(blind))
    view = await read(scene.exchange, Watch(BTC))
    assert not view.readable
    assert (view.at, view.filters.symbol) == (scene.clock.now_ms, BTC)

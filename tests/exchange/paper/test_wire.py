"""The wire to the paper exchange: its setting, its latency, what it loses, how old its reads are, what it weighs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from opentrader.domain.trading.exchange import (
    NewOrder,
    OrderChanged,
    PricesChanged,
    ReadRefused,
    StreamAlive,
    Unreachable,
    VenueEvent,
)
from opentrader.domain.trading.venue import Accepted, Unknown
from opentrader.errors import ConfigError
from opentrader.exchange.calls import WEIGHTS
from opentrader.exchange.paper import transport
from opentrader.exchange.paper.wire import Wire, WireTerms, parse_wire

BTC = "BTCUSDT"


def on(scene: Any, **terms: Any) -> Any:
    """The exchange of a scene, behind such a wire."""
    scene.exchange.transport.wire = Wire(WireTerms(**terms), Random(7))
    return scene.exchange


def order(scene: Any, cid: str = "a") -> NewOrder:
    return NewOrder(cid, BTC, "buy", "LIMIT", Decimal(1), scene.clock.now_ms, Decimal(90))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", WireTerms()),
        ("latency_ms=300,loss=0.02,lag_ms=800,weight=6000,push=off", WireTerms(300, 0.02, 800, 6000, False)),
        ("push=on", WireTerms()),
    ],
)
def test_the_setting_names_what_is_different(text: str, terms: WireTerms) -> None:
    assert parse_wire(text) == terms


@pytest.mark.parametrize("text", ["latency=300", "latency_ms=far", "loss=1.5", "weight=-1", "push=1", "lag_ms"])
def test_a_property_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match="paper_wire"):
        parse_wire(text)


async def test_half_of_the_latency_passes_before_a_request_is_executed(scene: Any) -> None:
    venue = on(scene, latency_ms=200)
    sending = asyncio.create_task(venue.place(order(scene)))
    await asyncio.sleep(0.01)
    on(scene)  # a second wire, at hand, to see what has arrived
    assert await venue.orders(BTC, 0) == ()
    for _ in range(500):
        if await venue.orders(BTC, 0):
            break
        await asyncio.sleep(0.01)
    assert not sending.done()  # the answer is on its way
    assert isinstance(await sending, Accepted)


async def test_what_is_lost_has_arrived_or_not_and_is_never_answered(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LOST_SECONDS", 0.0)
    venue = on(scene, loss=1.0)
    outcomes = [await venue.place(order(scene, f"c{number}")) for number in range(20)]
    unanswered = sum(isinstance(outcome, Unknown) for outcome in outcomes)
    with pytest.raises(Unreachable):
        await asyncio.gather(*(venue.balances() for _ in range(20)))
    arrived = len(await on(scene).orders(BTC, 0))
    assert 0 < arrived < 20
    assert unanswered > 10
    assert arrived >= 20 - unanswered


async def test_a_read_that_lags_shows_an_earlier_state(scene: Any) -> None:
    await scene.place("buy", "LIMIT", 1, 90, cid="a")
    scene.clock.now_ms += 10
    assert len(await scene.exchange.orders(BTC, 0)) == 1
    seen = [len(await on(scene, lag_ms=10_000).orders(BTC, 0)) for _ in range(5)]
    assert 0 in seen


async def test_beyond_the_weight_of_a_minute_reads_are_refused(scene: Any) -> None:
    venue = on(scene, weight=50)
    await venue.balances()
    await venue.balances()
    with pytest.raises(ReadRefused) as told:
        await venue.balances()
    assert 0 < told.value.retry_after <= 60_000
    assert venue.transport.wire.used == 60


# --- the stream


async def heard(venue: Any, *followed: str) -> AsyncGenerator[VenueEvent]:
    """The events of a stream that is opened now, until it breaks."""
    events = asyncio.Queue[VenueEvent]()
    talking = asyncio.create_task(venue.stream(events.put_nowait, lambda: followed))
    try:
        while not talking.done():
            yield await events.get()
    finally:
        talking.cancel()


async def test_changes_of_orders_are_told_those_of_the_market_as_well(scene: Any) -> None:
    stream = heard(scene.exchange)
    assert await anext(stream) == StreamAlive()
    await scene.place("buy", "LIMIT", 1, 90, cid="a")
    assert await anext(stream) == OrderChanged(BTC)
    scene.minute(100, 100, 89, 95)
    async for event in stream:  # nobody asks the venue for anything
        if event == OrderChanged(BTC):
            break
    assert (await scene.exchange.order(BTC, "a")).status == "FILLED"
    await stream.aclose()


async def test_the_prices_that_are_followed_come_with_each_sign_of_life(scene: Any) -> None:
    stream = heard(scene.exchange, BTC, "NOPEUSDT")
    told = await anext(stream)
    assert isinstance(told, PricesChanged)
    assert {symbol: ticker.last for symbol, ticker in told.prices.items()} == {BTC: 100}
    assert await anext(stream) == StreamAlive()
    await stream.aclose()


async def test_an_event_is_as_late_as_the_wire_is_long(scene: Any) -> None:
    venue = on(scene, latency_ms=100, lag_ms=100)
    begun = asyncio.get_running_loop().time()
    stream = heard(venue)
    await anext(stream)
    assert asyncio.get_running_loop().time() - begun >= 0.05
    await stream.aclose()


async def test_a_wire_without_push_has_no_stream_and_a_lossy_one_breaks_it(scene: Any) -> None:
    assert scene.exchange.pushes
    assert not on(scene, push=False).pushes
    told = list[VenueEvent]()
    with pytest.raises(Unreachable):
        await on(scene, loss=1.0).stream(told.append, tuple)
    assert told == []


async def test_a_stream_weighs_what_it_takes_to_open_it(scene: Any) -> None:
    venue = on(scene, weight=3)
    stream = heard(venue)
    await anext(stream)
    assert venue.transport.wire.used == WEIGHTS["stream"]
    with pytest.raises(ReadRefused):
        await venue.stream(print, tuple)
    await stream.aclose()

"""What the exchange tells by itself: whom it wakes, and what is polled while it tells nothing."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors.trading.reading.prices import PriceWatch
from opentrader.actors.trading.reading.stream import StreamListener, VenueTold
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.domain.trading.exchange import OrderChanged, PricesChanged, StreamAlive, StreamLost
from tests.actors.trading.reading.test_prices import BARE, priced, watching
from tests.fakes.desk import desk


class Heard(list[tuple[Any, ...]]):
    """The loop and the prices, as much of them as is told."""

    def told(self, pair: str) -> None:
        self.append(("told", pair))

    def follow(self, *, pushed: bool) -> None:
        self.append(("follow", pushed))

    def pushed(self, prices: Any) -> None:
        self.append(("pushed", prices))

    def lost(self) -> None:
        self.append(("lost",))


class Exchange:
    def __init__(self) -> None:
        self.hear: Any = None
        self.followed: Any = None

    async def stream(self, hear: Any, followed: Any) -> None:
        self.hear, self.followed = hear, followed


def listening(**given: Any) -> tuple[StreamListener, Heard]:
    heard: Any = Heard()
    return StreamListener(desk(**given), heard, heard), heard


def test_each_event_goes_where_it_counts() -> None:
    listener, heard = listening()
    prices = {"BTCUSDT": priced("100")}
    for event in (OrderChanged("BTCUSDT"), PricesChanged(prices)):
        listener.hear(VenueTold(event))
    assert heard == [("told", "BTCUSDT"), ("pushed", prices)]


def test_only_a_change_of_its_state_changes_what_is_polled() -> None:
    listener, heard = listening()
    for event in (StreamLost(), StreamAlive(), StreamAlive(), StreamLost(), StreamLost(), StreamAlive()):
        listener.hear(VenueTold(event))
    assert [each for each in heard if each != ("lost",)] == [("follow", True), ("follow", False), ("follow", True)]
    assert heard.count(("lost",)) == 3
    assert listener.alive


def test_prices_are_polled_at_once_where_the_stream_is_lost() -> None:
    watch, asked, _ = watching(BARE)
    heard: Any = Heard()
    listener, at = StreamListener(desk(), heard, watch), watch.links.clock.steady()
    watch.tick(at - 0.1)
    watch._under_way = False
    listener.hear(VenueTold(PricesChanged({"BTCUSDT": priced("100")})))
    watch.tick(at + 0.25)
    assert len(asked) == 1  # the stream tells them
    listener.hear(VenueTold(StreamLost()))
    watch.tick(at + 0.25)
    assert len(asked) == 2


def test_it_is_found_if_prices_are_not_polled_where_the_stream_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PriceWatch, "lost", lambda watch: None)
    with pytest.raises(AssertionError):
        test_prices_are_polled_at_once_where_the_stream_is_lost()


async def test_it_asks_once_and_passes_on_what_it_is_told() -> None:
    asked, told, exchange = list[Any](), list[Any](), Exchange()
    listener, _ = listening(
        pipe=asked.append,
        tell=told.append,
        exchange=exchange,
        snapshot=lambda: TradingSnapshot(followed=("BTCUSDT",)),
    )
    listener.tick()
    listener.tick()
    (asking,) = asked
    await asking
    exchange.hear(StreamAlive())
    assert told == [VenueTold(StreamAlive())]
    assert exchange.followed() == ("BTCUSDT",)

"""Minutes inside quarter hours: their exact parts, whichever stretch is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from opentrader.domain.timeframes import TF_MS, TIMEFRAMES, open_time
from opentrader.feed.minutes import minutes_of
from opentrader.feed.noise import Floats
from opentrader.feed.price_path import CoinMarket
from opentrader.feed.simulated import HISTORY_START_MS, SimulatedFeed
from tests.feed.given.simulated import INSTANT, MINUTE, NOW, WEEK, aggregate, assert_sane


@pytest.mark.parametrize("pair", ["BTCUSDT", "DOGEUSDT", "ATOMUSDT"])
def test_every_candle_is_the_exact_aggregate_of_its_minutes(pair: str) -> None:
    feed = SimulatedFeed()
    first = open_time(NOW - 3 * WEEK, "1w")
    minutes = feed.minutes(pair, first, first + 2 * WEEK)
    assert_sane(minutes, MINUTE)
    for timeframe in TIMEFRAMES:
        rows = feed.window(pair, timeframe, first, first + 2 * WEEK)
        size = TF_MS[timeframe] // MINUTE
        parts = minutes.reshape(len(rows), size, 6)
        expected = [aggregate(part, part[0, 0]) for part in parts]
        assert np.array_equal(rows, expected)


@given(INSTANT)
def test_minutes_of_any_stretch_are_those_of_a_longer_one(at: int) -> None:
    feed = SimulatedFeed()
    some = feed.minutes("BNBUSDT", at, at + 37 * MINUTE)
    more = feed.minutes("BNBUSDT", at - 50 * MINUTE, at + 100 * MINUTE)
    assert np.array_equal(more[np.isin(more[:, 0], some[:, 0])], some)
    assert (some[:, 0] >= max(at, HISTORY_START_MS)).all()


def test_a_quarter_hour_is_drawn_once_however_often_a_venue_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = SimulatedFeed()
    drawn: list[int] = []

    def counted(market: CoinMarket, first: int, atoms: Floats) -> Floats:
        drawn.append(first)
        return minutes_of(market, first, atoms)

    monkeypatch.setattr("opentrader.feed.simulated.minutes_of", counted)
    quarter = 1_714_219_200_000
    for minute in (0, 3, 14, 3):
        feed.minutes("BTCUSDT", quarter + minute * MINUTE, quarter + (minute + 1) * MINUTE)
    feed.minutes("ETHUSDT", quarter, quarter + MINUTE)
    assert len(drawn) == 2

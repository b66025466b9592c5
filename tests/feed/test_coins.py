"""The coins of the simulated market: the default ones, and any others asked for."""

from __future__ import annotations

import pytest

from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import TF_MS
from opentrader.errors import SymbolNotFound
from opentrader.feed.simulated import SimulatedFeed
from tests.feed.given.candles import made_up_listings
from tests.feed.given.simulated import DAY, NOW, asked, assert_sane


def test_listings_hold_the_default_coins_and_any_others_asked_for() -> None:
    for base in ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "AVAX"):
        assert SimulatedFeed().listings()[f"{base}USDT"] == Listing(base, "USDT")
    feed = SimulatedFeed(listings=[*made_up_listings(500), Listing("BTC", "EUR")])
    assert len(feed.listings()) == 501
    for pair in ("SIM0001USDT", "SIM0500USDT", "BTCEUR"):
        assert feed.listings()[pair].pair == pair
        assert_sane(asked(feed, pair, "4h", 100, NOW), TF_MS["4h"])
    with pytest.raises(SymbolNotFound, match="ETHUSDT"):
        asked(feed, "ETHUSDT", "4h", 100, NOW)


def test_made_up_coins_have_prices_of_a_market() -> None:
    feed = SimulatedFeed(listings=made_up_listings(200))
    closes = [feed.window(pair, "1d", NOW - 2 * DAY, NOW)[-1, 4] for pair in feed.listings()]
    assert 0.01 < min(closes) < max(closes) < 10_000
    assert len(set(closes)) > 190

"""The filters of a venue, one at a time and in its order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.domain.trading.order_rules import failed_filter
from opentrader.domain.trading.venue import Filters, PriceBand

D = Decimal
FILTERS = Filters("SOLUSDT", "SOL", "USDT", D("0.5"), D("0.1"), D("0.2"), D(10), D("0.001"), band=PriceBand())


@pytest.mark.parametrize(
    ("qty", "prices", "failed"),
    [
        ("1", {"px": 110}, ""),
        ("1", {"stop_px": 90}, ""),
        ("1", {}, ""),
        ("1", {"px": "110.25"}, "PRICE_FILTER"),
        ("1", {"px": 110, "stop_px": "90.1"}, "PRICE_FILTER"),
        ("1", {"px": 0}, "PRICE_FILTER"),
        ("1", {"px": 500}, ""),
        ("1", {"px": "500.5"}, "PERCENT_PRICE_BY_SIDE"),
        ("1", {"px": "19.5"}, "PERCENT_PRICE_BY_SIDE"),
        ("1", {"stop_px": "10"}, ""),  # the band is about limit prices
        ("1", {"px": "19.5", "stop_px": 20}, "PERCENT_PRICE_BY_SIDE"),
        ("0.1", {"px": 110}, "LOT_SIZE"),
        ("1.05", {"px": 110}, "LOT_SIZE"),
        ("0.2", {"px": "49.5"}, "NOTIONAL"),
        ("0.2", {"stop_px": "49.5"}, "NOTIONAL"),
        ("0.2", {"px": 50}, ""),
    ],
)
def test_the_first_filter_that_fails_is_named(qty: str, prices: dict[str, Any], failed: str) -> None:
    told = {name: D(px) for name, px in prices.items()}
    assert failed_filter(FILTERS, "sell", D(qty), D(100), **told) == failed


def test_a_venue_without_a_band_takes_any_price() -> None:
    assert failed_filter(replace(FILTERS, band=None), "sell", D(1), D(100), px=D(5000)) == ""


def test_each_side_has_a_band_of_its_own() -> None:
    narrow = replace(FILTERS, band=PriceBand(bid_up=D("1.1"), ask_down=D("0.9")))
    assert failed_filter(narrow, "buy", D(1), D(100), px=D(120)) == "PERCENT_PRICE_BY_SIDE"
    assert failed_filter(narrow, "sell", D(1), D(100), px=D(120)) == ""
    assert failed_filter(narrow, "sell", D(1), D(100), px=D(80)) == "PERCENT_PRICE_BY_SIDE"

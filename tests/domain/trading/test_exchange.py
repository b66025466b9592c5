"""The values of the exchange port: a price that is none is an answer that cannot be read, whoever gives it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from opentrader.domain.trading.exchange import GarbledAnswer, PriceTicker

PRICES = {"bid": Decimal(99), "ask": Decimal(101), "last": Decimal(100)}


def test_a_price_is_positive_and_finite() -> None:
    assert PriceTicker(**PRICES, at=1).last == 100


@pytest.mark.parametrize("name", PRICES)
@pytest.mark.parametrize("px", ["0", "-1", "NaN", "sNaN", "Infinity"])
def test_what_is_no_price_cannot_be_read(name: str, px: str) -> None:
    with pytest.raises(GarbledAnswer, match=rf"reported {px} as the {name} price"):
        PriceTicker(**{**PRICES, name: Decimal(px)}, at=1)

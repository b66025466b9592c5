"""The starting balance, as it is spelled in a setting."""

from __future__ import annotations

from decimal import Decimal

import pytest

from opentrader.errors import ConfigError
from opentrader.exchange.paper.ledger.starting_balance import parse_balance


def test_amounts_by_asset() -> None:
    assert parse_balance("USDT=10000, BTC=0.5") == {"USDT": Decimal(10000), "BTC": Decimal("0.5")}


@pytest.mark.parametrize(
    "text", ["", "USDT", "USDT=", "USDT=-1", "usdt=1", "USDT=1,USDT=2", "BTC=1e3", "BTC=0.123456789"]
)
def test_what_is_no_balance(text: str) -> None:
    with pytest.raises(ConfigError, match="paper balance"):
        parse_balance(text)

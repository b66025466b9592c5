"""The values of the exchange port: an answer about the whole account knows of whom it tells nothing."""

from __future__ import annotations

import pytest

from opentrader.domain.trading.exchange import GarbledAnswer, Told


def test_an_answer_about_all_tells_of_each() -> None:
    told = Told({"BTC": 1}, frozenset({"ETH"}))
    assert (told.of("BTC", 0), told.of("SOL", 0)) == (1, 0)
    with pytest.raises(GarbledAnswer, match="of ETH cannot be read"):
        told.of("ETH", 0)

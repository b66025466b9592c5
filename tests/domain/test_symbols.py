"""Every spelling of a market, and the pair that it means."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.symbols import SPELLING, Listing, listed, listing_of, name_of, pair_of
from opentrader.errors import SymbolNotFound

LISTINGS = {one.pair: one for one in (Listing("BTC", "USDT"), Listing("WBTC", "USDT"), Listing("ETH", "BTC"))}


@pytest.mark.parametrize(
    ("spelling", "pair"),
    [
        ("btc", "BTCUSDT"),
        ("BTCUSDT", "BTCUSDT"),
        ("btc/usdt", "BTCUSDT"),
        ("BTC-USDT", "BTCUSDT"),
        ("BTC/USDT:USDT", "BTCUSDT"),
        ("WBTC", "WBTCUSDT"),
        ("ETHBTC", "ETHBTC"),
        ("NEWUSDT", "NEWUSDT"),
        ("NEW", "NEWUSDT"),
        ("USDT", "USDTUSDT"),
    ],
)
def test_what_a_spelling_means(spelling: str, pair: str) -> None:
    assert pair_of(spelling, LISTINGS) == pair


@given(st.from_regex(SPELLING, fullmatch=True))
def test_a_pair_means_itself_however_it_was_spelled(spelling: str) -> None:
    pair = pair_of(spelling, LISTINGS)
    assert re.fullmatch("[A-Z0-9]+", pair)
    assert pair_of(pair, {pair: Listing(pair, "")}) == pair


def test_analysis_names_the_coin_for_the_default_quote_else_the_pair() -> None:
    assert [name_of(pair) for pair in ("BTCUSDT", "ETHBTC", "USDT")] == ["BTC", "ETHBTC", "USDT"]
    assert Listing("ETH", "BTC").name == "ETHBTC"


def test_a_market_that_is_not_listed_is_named_as_it_was_spelled() -> None:
    assert listing_of("eth-btc", LISTINGS) == Listing("ETH", "BTC")
    with pytest.raises(SymbolNotFound, match="doge"):
        listing_of("doge", LISTINGS)


def test_what_is_not_listed_is_left_out() -> None:
    assert listed(("wbtc", "doge", "ETH/BTC", "BTC"), LISTINGS) == ("WBTCUSDT", "ETHBTC", "BTCUSDT")

"""The synthetic book: the same for the same price, worse for the larger order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opentrader.exchange.paper.matching.book import Book, Depth
from tests.exchange.paper.matching.given import FILTERS, D

DEPTH = Depth(half_spread=D("0.01"), spacing=D("0.01"), level_notional=D(1000), levels=3)


def book() -> Book:
    return Book(D(100), FILTERS, DEPTH)


def test_bid_and_ask_are_half_a_spread_away() -> None:
    assert (book().best("buy"), book().best("sell")) == (101, 99)


def test_a_large_order_climbs_the_levels_and_may_exceed_them() -> None:
    assert book().offers("buy", D(25), None) == [(101, 10), (102, 10), (103, 5)]
    assert sum(qty for _, qty in book().offers("sell", D(99), None)) == 30


def test_no_offer_is_worse_than_the_limit() -> None:
    assert book().offers("buy", D(25), D(102)) == [(101, 10), (102, 10)]
    assert book().offers("sell", D(5), D("99.5")) == []


def test_what_was_taken_is_gone_for_the_next() -> None:
    shared = book()
    shared.take("buy", D(12))
    assert shared.offers("buy", D(10), None) == [(102, 8), (103, 2)]
    assert shared.offers("sell", D(10), None) == [(99, 10)]


def test_a_touch_fills_one_level_and_each_spacing_beyond_one_more() -> None:
    assert book().passed("buy", D(100)) == 10
    assert Book(D(98), FILTERS, DEPTH).passed("buy", D(100)) > 10
    shared = book()
    shared.met("buy", D(7))
    assert shared.passed("buy", D(100)) == 3


@given(st.decimals("0.01", 10**6, places=2), st.integers(1, 10**6))
def test_prices_lie_on_the_grid_and_get_worse(price: object, qty: int) -> None:
    offers = Book(D(str(price)), FILTERS, Depth()).offers("buy", D(qty), None)
    prices = [px for px, _ in offers]
    assert prices == sorted(prices)
    assert all(px % FILTERS.tick == 0 for px in prices)
    assert sum(got for _, got in offers) <= qty

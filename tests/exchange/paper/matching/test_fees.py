"""Commissions, to the grain and never rounded up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from opentrader.exchange.paper.matching.fees import Commission, Fees, in_bnb, received

D = Decimal


def test_a_commission_is_taken_from_what_comes_in() -> None:
    deal: dict[str, Any] = {"base": "BTC", "quote": "USDT", "qty": D(2), "px": D(100), "rate": D("0.001")}
    assert received("buy", **deal) == Commission("BTC", D("0.002"))
    assert received("sell", **deal) == Commission("USDT", D("0.2"))


def test_the_ninth_decimal_is_dropped() -> None:
    deal: dict[str, Any] = {"base": "BTC", "quote": "USDT", "qty": D("0.00000999"), "px": D(1), "rate": D("0.001")}
    assert received("buy", **deal) == Commission("BTC", D(0))
    assert in_bnb(D(100), D("0.001"), D(3)).amount == D("0.03333333")


def test_a_commission_in_bnb_keeps_the_price_that_it_was_computed_from() -> None:
    assert in_bnb(D(100), D("0.001"), D(4)) == Commission("BNB", D("0.025"), rate=D(4))


def test_the_worst_rate_is_the_higher_one() -> None:
    assert Fees(maker=D("0.002"), taker=D("0.001")).worst == D("0.002")

"""How large an entry may be, and what forbids one: by hand, and that no rule is ever broken."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.signals import Direction
from opentrader.domain.trading.risk import Day, Funds, Risk, demand_room, demand_within_collar, size
from opentrader.errors import DailyLimitReached, InsufficientBalance, RiskLimit
from tests.domain.trading.lifecycle.given import FILTERS

D = Decimal
QUIET = Day(0, D(0))


@pytest.mark.parametrize(
    ("funds", "stop", "wanted"),
    [
        (Funds(D(10_000), D(10_000)), D(95), D(10)),  # 0.5 % of 10 000 is lost at 5 % below 100
        (Funds(D(10_000), D(10_000)), D(99), D(10)),  # capped at 10 % of the equity
        (Funds(D(10_000), D(500)), D(95), D(5)),  # no more than is free
    ],
)
def test_the_size_is_the_least_of_three(funds: Funds, stop: Decimal, wanted: Decimal) -> None:
    assert size(funds, D(100), stop, FILTERS, Risk()) == FILTERS.floor(wanted)


def test_too_little_money_and_too_tight_a_rule_are_told_apart() -> None:
    least = max(FILTERS.min_notional, FILTERS.min_qty * 100)
    with pytest.raises(InsufficientBalance):
        size(Funds(D(10_000), least / 2), D(100), D(95), FILTERS, Risk())
    with pytest.raises(RiskLimit):
        size(Funds(least * 2, least * 2), D(100), D(1), FILTERS, Risk())


@given(st.decimals(1, 10**6, places=2), st.decimals(1, 10**6, places=2), st.decimals(50, "99.9", places=1))
def test_a_size_never_breaks_a_rule(equity: Decimal, free: Decimal, stop: Decimal) -> None:
    risk = Risk()
    try:
        qty = size(Funds(equity, free), D(100), stop, FILTERS, risk)
    except (InsufficientBalance, RiskLimit):
        return
    notional = qty * 100
    assert notional <= free
    assert notional <= equity * risk.max_notional_pct / 100
    assert qty * (100 - stop) * 100 <= equity * risk.per_trade_pct


@pytest.mark.parametrize(("direction", "price"), [("buy", 105), ("buy", 1), ("sell", 95), ("sell", 999)])
def test_a_price_within_the_collar_passes(direction: Direction, price: int) -> None:
    demand_within_collar(direction, D(price), D(100), Risk())


@pytest.mark.parametrize(("direction", "price"), [("buy", "105.1"), ("sell", "94.9")])
def test_a_price_through_the_market_is_refused(direction: Direction, price: str) -> None:
    with pytest.raises(RiskLimit, match="through the last price"):
        demand_within_collar(direction, D(price), D(100), Risk())


@pytest.mark.parametrize(
    ("open_now", "day", "counts", "error"),
    [
        (0, QUIET, True, None),
        (0, Day(3, D(0)), True, DailyLimitReached),
        (0, Day(3, D(0)), False, None),  # what does not count is not stopped by the count
        (8, QUIET, True, RiskLimit),
        (0, Day(0, D(-30)), True, RiskLimit),
        (0, Day(0, D("-29.99")), True, None),
        (0, Day(0, D(500)), True, None),
    ],
)
def test_what_forbids_an_entry(open_now: int, day: Day, counts: bool, error: Any) -> None:
    if error is None:
        demand_room(open_now, day, D(1000), Risk(), counts=counts)
        return
    with pytest.raises(error):
        demand_room(open_now, day, D(1000), Risk(), counts=counts)

"""The fingerprint of a request: equal for the same request alone; what a closed row counts for the day."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.domain.trading.ledger import ClosedTrade, KeyTaken, Remembered, Reservation, fingerprint


def test_the_order_of_parameters_does_not_count() -> None:
    assert fingerprint("POST", "/a", {"x": 1, "y": "2"}) == fingerprint("POST", "/a", {"y": "2", "x": 1})


def test_everything_else_does() -> None:
    requests: list[tuple[str, str, Any]] = [
        ("POST", "/a", {"x": 1}),
        ("GET", "/a", {"x": 1}),
        ("POST", "/b", {"x": 1}),
        ("POST", "/a", {"x": 2}),
        ("POST", "/a", {"x": "1"}),
        ("POST", "/a", {}),
        ("POST", "/a", {"x": [1]}),
    ]
    assert len({fingerprint(*request) for request in requests}) == len(requests)


def test_any_value_of_a_request_has_one() -> None:
    assert len(fingerprint("POST", "/a", {"x": Decimal("1.0"), "y": "\udc80", "z": None})) == 64


def test_a_taken_key_says_for_what() -> None:
    found = Remembered(Reservation("k", "POST", "/a", "f", 1))
    error = KeyTaken(found)
    assert (error.found, error.code, found.state) == (found, "idempotency_in_progress", "running")


D = Decimal
SOLD_HALF = ClosedTrade(
    id="T1",
    symbol="BTCUSDT",
    direction="buy",
    size=D(10),
    entry_px=D(100),
    exit_px=D(110),
    pnl=D(-450),
    pnl_pct=D(-45),
    bot="b",
    source="trade",
    exit_reason="external",
    opened_at=1,
    closed_at=2,
    left_over=D(5),
)


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, 50),  # five coins were sold with 50 gained; the user has taken the others
        ({"exit_px": D(90), "pnl": D(-550)}, -100),  # at a lower price they are worth less
        ({"exit_reason": "close"}, -450),  # what could not be sold is worth nothing
        ({"left_over": None}, -450),
    ],
)
def test_coins_that_were_taken_are_no_loss_of_the_day(changes: dict[str, Any], counts: int) -> None:
    assert replace(SOLD_HALF, **changes).day_pnl == counts


@pytest.mark.parametrize(
    ("known", "left", "provisional"), [(True, D(0), False), (False, D(0), True), (False, None, False)]
)
def test_only_what_may_be_learned_is_provisional(known: bool, left: Decimal | None, provisional: bool) -> None:
    assert replace(SOLD_HALF, fees_known=known, left_over=left).provisional == provisional

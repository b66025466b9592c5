"""The fingerprint of a request: equal for the same request alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from opentrader.domain.trading.ledger import KeyTaken, Remembered, Reservation, fingerprint


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

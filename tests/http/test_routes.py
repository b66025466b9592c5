"""The table of routes: one row a message, one name an operation."""

from __future__ import annotations

from opentrader.http.routes import ROUTES


def test_every_message_has_one_row_and_operations_are_named_once() -> None:
    names = [route.operation for route in ROUTES]
    assert len(names) == len(set(names))
    assert all((route.message is None) != (route.page is None) for route in ROUTES)

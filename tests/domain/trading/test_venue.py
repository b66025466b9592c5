"""The grid of a venue: down to a step, up to a step, to the nearest tick."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.domain.trading.lifecycle.given import FILTERS

GRID = replace(FILTERS, tick=Decimal("0.05"), step=Decimal("0.001"))


@pytest.mark.parametrize(
    ("qty", "down", "up"), [("1.2345", "1.234", "1.235"), ("2", "2", "2"), ("0.0004", "0", "0.001")]
)
def test_a_quantity_on_the_step(qty: str, down: str, up: str) -> None:
    assert (GRID.floor(Decimal(qty)), GRID.ceil(Decimal(qty))) == (Decimal(down), Decimal(up))


@pytest.mark.parametrize(("px", "wanted"), [("1.02", "1.00"), ("1.025", "1.05"), ("1.03", "1.05")])
def test_a_price_on_the_tick(px: str, wanted: str) -> None:
    assert GRID.price(Decimal(px)) == Decimal(wanted)


def test_a_market_stop_where_there_is_one() -> None:
    assert GRID.stop_type == "STOP_LOSS"
    assert replace(GRID, order_types=frozenset({"STOP_LOSS_LIMIT"})).stop_type == "STOP_LOSS_LIMIT"

"""A ledger as it was: an order is rewound by the trades and the end that came later."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from opentrader.exchange.paper.ledger.records import rewound
from opentrader.exchange.paper.matching.orders import PaperFill
from tests.exchange.paper.matching.given import D, order

LIMIT = order(1, "buy", "LIMIT", px=100, created_at=10, updated_at=10)
FILLED = replace(LIMIT, status="FILLED", cum=D(10), quote_cum=D(1000), updated_at=30, closed_at=30)


def fill(qty: int, at: int) -> PaperFill:
    return PaperFill(at, 1, "BTCUSDT", "BTC", "USDT", "buy", D(qty), D(100), Decimal(0), "BTC", at)


def test_before_it_was_placed_it_was_not_there() -> None:
    assert rewound(FILLED, [fill(10, 30)], 9) is None


def test_before_its_fills_it_was_open_and_empty() -> None:
    assert rewound(FILLED, [fill(4, 20), fill(6, 30)], 10) == LIMIT


def test_between_its_fills_it_was_filled_in_part() -> None:
    was = rewound(FILLED, [fill(6, 30)], 20)
    assert was is not None
    assert (was.status, was.cum, was.quote_cum, was.updated_at) == ("OPEN", 4, 400, 20)


def test_afterwards_it_is_as_it_is() -> None:
    assert rewound(FILLED, [], 30) == FILLED


def test_a_trigger_that_came_later_had_not_come() -> None:
    stop = order(2, "sell", "STOP_LOSS", stop=90, triggered_at=50, updated_at=50)
    was = rewound(stop, [], 40)
    assert was is not None
    assert was.waiting

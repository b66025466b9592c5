"""Positions as a price sees them: whose levels are only ours, while the book changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors.trading.book import TradeBook
from opentrader.actors.trading.reading.positions import PricedPositions, is_soft
from opentrader.domain.trading.lifecycle import BINANCE, Trade
from tests.actors.trading.reading.test_prices import BARE, LISTED, SINGLE, priced
from tests.domain.trading.lifecycle.given import BOUGHT, INTENT, NOW, leg, trade

PAIR, KEY = INTENT.symbol, INTENT.id
PART = trade(BOUGHT, leg("L", "OPEN", flag="TP_PART", cum=Decimal(1)))
WAITING = trade(leg("E", "OPEN"), label="ENTERING")
SOLD = trade(BOUGHT, leg("C", "FILLED", cum=BOUGHT.cum))


@pytest.mark.parametrize(("told", "soft"), [(LISTED, False), (SINGLE, True), (BARE, True), (PART, True)])
def test_a_level_is_soft_where_no_order_stands_for_it(told: Any, soft: bool) -> None:
    assert is_soft(told) == soft


def seen(positions: PricedPositions, last: str = "89") -> tuple[tuple[str, ...], bool, list[str]]:
    return positions.pairs, positions.is_soft(PAIR), list(positions.reached(PAIR, priced(last)))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (BARE, ((PAIR,), True, [KEY])),
        (LISTED, ((PAIR,), False, [])),
        (WAITING, ((), False, [])),
        (SOLD, ((), False, [])),
    ],
)
def test_a_price_reaches_the_soft_levels_of_what_is_held(told: Trade, expected: Any) -> None:
    positions = PricedPositions()
    positions.put(told)
    assert seen(positions) == expected
    positions.put(BARE)
    positions.put(told)
    assert seen(positions) == expected


def test_another_stop_counts_from_the_state_in_which_it_is_kept() -> None:
    book = TradeBook(BINANCE)
    book.resume(BARE)
    assert seen(book.positions, "91") == ((PAIR,), True, [])
    raised = replace(BARE, sl=Decimal(92))
    book.keep(raised)
    assert seen(book.positions, "91") == ((PAIR,), True, [KEY])
    book.answered(replace(raised, legs=LISTED.legs), (), NOW)
    assert seen(book.positions, "91") == ((PAIR,), False, [])
    book.assign(SOLD, NOW)
    assert seen(book.positions, "91") == ((), False, [])


def test_a_trade_that_is_watched_no_longer_is_none_of_a_price() -> None:
    book = TradeBook(BINANCE)
    book.resume(BARE)
    book.positions.drop(BARE)
    book.positions.drop(BARE)
    assert seen(book.positions) == ((), False, [])

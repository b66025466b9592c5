"""What is sent to protect a position: a list, a single stop, a limit behind it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from opentrader.domain.trading.lifecycle import planned
from opentrader.domain.trading.venue import PlaceEntry, PlaceList, PlaceStop

from .given import (
    BOUGHT,
    FILTERS,
    INTENT,
    LIST,
    NOW,
    SINGLE,
    STOP,
    D,
    effect_of,
    entry_order,
    leg,
    ticked,
    trade,
    view,
)

FILLED = entry_order()


def test_a_market_entry_has_no_price() -> None:
    _, effect = ticked(planned(replace(INTENT, kind="market", created_at=NOW)), view(wallet=0))
    assert isinstance(effect, PlaceEntry)
    assert effect.px is None


def test_a_position_is_protected_for_what_was_really_received() -> None:
    paid = leg("E", "FILLED", fees=Decimal("0.5"))
    assert effect_of(trade(paid), FILLED) == PlaceList(
        LIST, STOP, LIST.replace("OTL", "OTT"), "BTCUSDT", "sell", D(9), D(90), None, D(120), NOW
    )


def test_a_venue_without_lists_gets_a_single_stop() -> None:
    seen = replace(view(FILLED), filters=replace(FILTERS, lists=False))
    assert ticked(trade(BOUGHT), seen)[1] == PlaceStop(SINGLE, "BTCUSDT", "sell", D(10), D(90), None, NOW)


def test_where_the_market_stop_is_missing_the_limit_lies_behind_the_stop() -> None:
    types = frozenset({"LIMIT", "STOP_LOSS_LIMIT"})
    seen = replace(view(FILLED), filters=replace(FILTERS, order_types=types, tick=Decimal("0.01")))
    effect = ticked(trade(BOUGHT), seen)[1]
    assert isinstance(effect, PlaceList)
    assert effect.limit_px == Decimal("89.55")

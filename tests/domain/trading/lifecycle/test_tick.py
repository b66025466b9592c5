"""One tick: nothing without a readable view, and nothing before the venue allows it."""

from __future__ import annotations

from opentrader.domain.trading.looks import PARTS, VenueView

from .given import (
    BOUGHT,
    FILTERS,
    NOW,
    effect_of,
    entry_order,
    ticked,
    trade,
    view,
)

FILLED = entry_order()


def test_without_a_readable_view_nothing_is_done() -> None:
    blind = VenueView(FILTERS, NOW, failed=PARTS)
    assert ticked(trade(BOUGHT), blind)[1] is None


def test_nothing_is_sent_before_the_venue_allows_it() -> None:
    told = trade(BOUGHT, retry_at=NOW + 1)
    assert effect_of(told, FILLED) is None
    assert ticked(told, view(FILLED), NOW + 1)[1] is not None

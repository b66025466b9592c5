"""Row 3a: what becomes of a trade while its symbol takes no orders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opentrader.domain.trading.lifecycle import cancel_entry, close, planned, tick
from opentrader.domain.trading.venue import CancelOrder, Close

from .given import (
    BOUGHT,
    CLOSE,
    ENTRY,
    FILTERS,
    INTENT,
    NOW,
    SETTINGS,
    D,
    entry_order,
    leg,
    oco,
    order,
    ticked,
    trade,
    view,
)

FILLED = entry_order()
CLOSED = replace(FILTERS, status="HALT")
ONLY_CANCELS = replace(FILTERS, status="CANCEL_ONLY")


@pytest.mark.parametrize("filters", [CLOSED, replace(FILTERS, status="BREAK"), ONLY_CANCELS])
def test_in_a_market_that_takes_no_orders_nothing_is_sent_and_what_rests_stays(filters: Any) -> None:
    for told, seen in [
        (trade(BOUGHT), (FILLED,)),  # bare
        (close(trade(BOUGHT, leg("L", "OPEN")), "asked", NOW), (FILLED, oco())),  # to be sold
        (trade(BOUGHT, leg("L", "OPEN"), want=D(96)), (FILLED, oco())),  # to be raised
    ]:
        assert ticked(told, view(*seen))[1] is not None
        after, effect = ticked(told, view(*seen, filters=filters))
        assert effect is None
        assert after.retry_at == NOW + SETTINGS.reconcile
        assert [leg.state for leg in after.exits] == [leg.state for leg in told.exits]


def test_what_only_rests_in_such_a_market_is_left_alone() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"), label="PROTECTED")
    assert ticked(told, view(FILLED, oco(), filters=CLOSED)) == ticked(told, view(FILLED, oco()))


def test_an_entry_that_is_not_wanted_is_taken_back_where_cancels_are_taken() -> None:
    told = cancel_entry(trade(leg("E", "OPEN")))
    seen = entry_order("OPEN", cum=0)
    assert ticked(told, view(seen, filters=ONLY_CANCELS))[1] == CancelOrder(ENTRY, "BTCUSDT")
    assert ticked(told, view(seen, filters=CLOSED))[1] is None


def test_a_planned_entry_in_such_a_market_is_never_sent() -> None:
    after, effect = ticked(planned(INTENT), view(filters=CLOSED))
    assert (after.close_reason, effect) == ("expired_unsent", None)


def test_what_had_paused_begins_anew_when_the_market_trades_again() -> None:
    paused = trade(BOUGHT, close_reason="asked", close_after=NOW + 900_000, pauses=5, failed_closes=2, paused_for="x")
    waiting, _ = ticked(paused, view(FILLED, filters=CLOSED))
    assert (waiting.pauses, waiting.close_after, waiting.failed_closes) == (0, 0, 0)
    later = waiting.retry_at
    assert ticked(waiting, view(FILLED), later - 1)[1] is None
    assert isinstance(ticked(waiting, view(FILLED), later)[1], Close)


def test_whether_it_trades_again_is_asked_of_the_venue() -> None:
    unread = replace(view(FILLED, filters=CLOSED), last=None)
    assert tick(trade(BOUGHT), unread, NOW, SETTINGS).more.parts == {"price"}
    failed = replace(unread, failed=frozenset({"price"}))
    assert tick(trade(BOUGHT), failed, NOW, SETTINGS).trade.retry_at == NOW + SETTINGS.reconcile


def test_dust_in_such_a_market_is_dust() -> None:
    ended = trade(BOUGHT, leg("C", "FILLED", cum=10), close_reason="asked", label="DUST")
    told = view(FILLED, order(CLOSE, "sell", "MARKET", "FILLED", cum=10), filters=CLOSED)
    assert ticked(ended, told)[0].retry_at == 0

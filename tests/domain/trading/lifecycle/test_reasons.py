"""Row 4: each reason to close a trade without being asked to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from opentrader.domain.trading.lifecycle import Trade
from opentrader.domain.trading.venue import CancelList, CancelOrder, Close, Order, OrderList, PlaceList

from .given import (
    BOUGHT,
    CLOSE,
    ENTRY,
    FILTERS,
    LIST,
    NOW,
    SETTINGS,
    D,
    entry_order,
    leg,
    oco,
    single,
    ticked,
    trade,
    view,
)

FILLED = entry_order()


def reason(told: Trade, *seen: Order | OrderList, **fields: Any) -> str:
    return ticked(told, view(*seen, **fields))[0].close_reason


def test_soft_stop_when_nothing_at_the_venue_stops_the_loss() -> None:
    assert reason(trade(BOUGHT), FILLED, last=90) == "soft_stop"
    assert reason(trade(BOUGHT, leg("L", "UNKNOWN", sl=D(95), horizon_at=NOW + 1)), FILLED, last=95) == "soft_stop"
    assert reason(trade(BOUGHT, leg("L", "OPEN")), FILLED, oco(), last=90) == ""


def test_soft_target_where_no_list_holds_it() -> None:
    assert reason(trade(BOUGHT, leg("S", "OPEN")), FILLED, single(), last=120) == "soft_tp"
    assert reason(trade(BOUGHT, leg("L", "OPEN")), FILLED, oco(), last=120) == ""


def test_an_exit_that_trades_while_the_entry_still_buys() -> None:
    works = leg("E", "OPEN", cum=D(5), covered=D(5), part_at=NOW - 20_000)
    told = trade(works, leg("L", "OPEN", qty=D(5)), label="PARTIAL_HELD")
    seen = oco(target_cum=2, stop="EXPIRED", qty=5)
    assert reason(told, entry_order("OPEN", 5), seen, wallet=5) == "exit_started"


def test_a_rest_that_the_exit_left() -> None:
    bought = leg("E", "FILLED", qty=D(15), cum=D(15), covered=D(15))
    filled = oco(stop="FILLED", target="EXPIRED")
    assert reason(trade(bought, leg("L", "OPEN")), entry_order(cum=15, qty=15), filled, wallet=5) == "rest"


def test_a_target_in_part_is_given_ten_seconds_or_until_the_stop() -> None:
    part = leg("L", "OPEN", cum=D(4), flag="TP_PART", flag_at=NOW - 9_999)
    seen = oco(stop="EXPIRED", target_cum=4)
    assert reason(trade(BOUGHT, part), FILLED, seen, wallet=6) == ""
    assert reason(trade(BOUGHT, replace(part, flag_at=NOW - 10_000)), FILLED, seen, wallet=6) == "tp_rest"
    assert reason(trade(BOUGHT, part), FILLED, seen, wallet=6, last=90) == "tp_rest"


def test_a_stop_limit_that_was_jumped_over() -> None:
    seen = oco(target="EXPIRED", triggered=True)
    after, _ = ticked(trade(BOUGHT, leg("L", "OPEN")), view(FILLED, seen, last=80))
    assert (after.legs[1].flag, after.close_reason) == ("TRIGGERED", "")
    after, effect = ticked(after, view(FILLED, seen, last=80), NOW + SETTINGS.gap_after)
    assert (after.close_reason, effect) == ("gap", CancelList(LIST, "BTCUSDT"))


def test_three_failed_protects_are_enough() -> None:
    after, effect = ticked(trade(BOUGHT, failed_protects=3), view(FILLED))
    assert after.close_reason == "protect_failed"
    assert isinstance(effect, Close)


def test_what_can_be_sold_but_not_protected_is_sold() -> None:
    few = leg("E", "CANCELED", cum=D(3), covered=D(3))
    dear = replace(FILTERS, min_notional=D(300))
    seen = replace(view(entry_order("CANCELED", 3), wallet=3, last=112), filters=dear)
    after, effect = ticked(trade(few), seen)
    assert (after.close_reason, effect) == ("unprotectable", Close(CLOSE, "BTCUSDT", "sell", D(3), NOW))


def test_an_entry_that_was_taken_for_absent_and_works_is_cancelled() -> None:
    told = trade(leg("E", "ABSENT"), label="FLAT")
    after, effect = ticked(told, view(entry_order("OPEN", 0), wallet=0))
    assert (after.close_reason, effect) == ("late_entry", CancelOrder(ENTRY, "BTCUSDT"))
    assert "late order" in {alert.code for alert in after.alerts}


def test_an_entry_that_was_taken_for_absent_and_bought_in_time_is_protected() -> None:
    after, effect = ticked(trade(leg("E", "ABSENT"), label="FLAT"), view(FILLED))
    assert after.close_reason == ""
    assert isinstance(effect, PlaceList)

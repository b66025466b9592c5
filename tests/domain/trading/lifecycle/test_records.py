"""The stored state of a trade: what its legs say, and changes that leave the rest alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opentrader.domain.trading.lifecycle.records import Alert, Trade, planned, revised
from tests.domain.trading.lifecycle.given import (
    BOUGHT,
    CLOSE,
    ENTRY,
    INTENT,
    LIST,
    NOW,
    SINGLE,
    STOP,
    TARGET,
    D,
    leg,
    trade,
)

WORKING, CLOSING = leg("L", "OPEN"), leg("C", "SENT")


@pytest.mark.parametrize(
    ("state", "live", "in_flight", "is_open"),
    [
        ("SENT", True, True, False),
        ("UNKNOWN", True, True, False),
        ("OPEN", True, False, True),
        ("FILLED", False, False, False),
        ("CANCELED", False, False, False),
        ("EXPIRED", False, False, False),
        ("REJECTED", False, False, False),
        ("ABSENT", False, False, False),
    ],
)
def test_states_of_a_leg(state: str, live: bool, in_flight: bool, is_open: bool) -> None:
    told = leg("E", state)
    assert (told.live, told.in_flight, told.open) == (live, in_flight, is_open)
    assert trade(told).entry_works is live
    assert trade(told).entry_ended is not live


def test_the_rest_of_a_leg_is_what_is_not_executed() -> None:
    assert leg("S", "OPEN", cum=D("2.5")).rest == D("7.5")


def test_only_a_list_has_three_client_ids() -> None:
    assert WORKING.cids == (LIST, STOP, TARGET)
    assert (BOUGHT.cids, leg("S", "OPEN").cids) == ((ENTRY,), (SINGLE,))


def test_legs_are_found_by_what_they_are_for() -> None:
    single = leg("S", "OPEN")
    told = trade(BOUGHT, WORKING, CLOSING, single)
    assert (told.entries, told.exits, told.closes) == ((BOUGHT,), (WORKING, single), (CLOSING,))
    assert (told.leg(CLOSE), told.leg("MT_other")) == (CLOSING, None)


def test_a_leg_is_added_once_and_then_replaced_in_its_place() -> None:
    told = trade(BOUGHT, WORKING)
    filled = replace(BOUGHT, fees=D(1))
    assert told.with_leg(CLOSING).legs == (BOUGHT, WORKING, CLOSING)
    assert told.with_leg(filled).legs == (filled, WORKING)
    assert told.with_leg(WORKING) is told


def test_generations_are_counted_by_kind() -> None:
    told = trade(BOUGHT, leg("L", "CANCELED", gen=1), leg("L", "OPEN", gen=4))
    assert (told.next_gen("L"), told.next_gen("E"), told.next_gen("C")) == (5, 2, 1)


def test_a_record_that_does_not_change_stays_the_same_object() -> None:
    assert revised(BOUGHT, cum=D(10), state="FILLED") is BOUGHT
    changed = revised(BOUGHT, cum=D(9), state="FILLED")
    assert (changed.cum, changed.quote, BOUGHT.cum) == (D(9), BOUGHT.quote, D(10))


def test_an_alert_is_raised_once_or_again_after_a_while() -> None:
    told = trade(BOUGHT).alerted("bare", "page", NOW)
    assert told.alerts == (Alert("bare", "page", NOW),)
    assert told.alerted("bare", "page", NOW + 10_000) is told
    assert told.alerted("bare", "page", NOW + 9_999, every=10_000) is told
    again = told.alerted("short", "note", NOW).alerted("bare", "page", NOW + 10_000, every=10_000)
    assert again.alerts == (Alert("short", "note", NOW), Alert("bare", "page", NOW + 10_000))


def test_the_first_reason_to_close_is_kept() -> None:
    told = trade(BOUGHT).closing_for("close", NOW)
    assert (told.close_reason, told.alerts) == ("close", (Alert("close: close", "alert", NOW),))
    assert told.closing_for("closeall", NOW + 1) is told


@pytest.mark.parametrize(
    ("old", "new", "replacing", "trailing"), [(0, 0, False, False), (90, 95, True, True), (90, 90, True, False)]
)
def test_a_replacement_that_raises_the_stop_is_trailing(old: int, new: int, replacing: bool, trailing: bool) -> None:
    told = trade(BOUGHT, rep_old=D(old), rep_new=D(new), stage=1)
    assert (told.replacing, told.trailing) == (replacing, trailing)
    ended = told.without_replacement()
    assert (ended.replacing, ended.trailing, ended.stage) == (False, False, 0)


def test_a_planned_trade_has_the_levels_of_its_intent_and_no_order() -> None:
    told = planned(INTENT)
    assert (told.sl, told.tp, told.label, told.entry_works) == (D(90), D(120), "NONE", False)
    assert told == Trade(INTENT, D(90), D(120))

"""The records of a trade: what their properties derive, and what they keep."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from opentrader.domain.trading.lifecycle.records import Alert, planned, revised
from tests.domain.trading.lifecycle.given import BOUGHT, INTENT, LIST, NOW, STOP, TARGET, leg, trade

D = Decimal


def test_a_planned_trade_has_the_levels_of_its_intent_and_no_legs() -> None:
    fresh = planned(INTENT)
    assert (fresh.sl, fresh.tp, fresh.legs, fresh.label) == (INTENT.sl, INTENT.tp, (), "NONE")


def test_a_revision_that_changes_nothing_is_the_same_object() -> None:
    fresh = planned(INTENT)
    assert revised(fresh, sl=INTENT.sl) is fresh
    assert revised(fresh, sl=D(95)).sl == D(95)


def test_legs_are_told_apart_by_their_kind() -> None:
    held = trade(BOUGHT, leg("L", "OPEN"), leg("S", "CANCELED"), leg("C", "SENT"))
    assert [x.kind for x in held.entries] == ["E"]
    assert [x.kind for x in held.exits] == ["L", "S"]
    assert [x.kind for x in held.closes] == ["C"]
    assert held.entry_ended


def test_a_list_has_three_client_ids_and_an_order_one() -> None:
    assert leg("L", "OPEN").cids == (LIST, STOP, TARGET)
    assert BOUGHT.cids == (BOUGHT.cid,)


def test_a_leg_takes_the_place_of_the_one_with_its_id() -> None:
    held = trade(BOUGHT, leg("L", "SENT"))
    again = held.with_leg(leg("L", "OPEN"))
    assert [x.state for x in again.legs] == ["FILLED", "OPEN"]
    assert again.with_leg(again.legs[1]) is again
    assert len(held.with_leg(leg("C", "SENT")).legs) == 3


def test_generations_count_up_by_kind() -> None:
    held = trade(BOUGHT, leg("L", "CANCELED", gen=4))
    assert (held.next_gen("L"), held.next_gen("C")) == (5, 1)


def test_an_alert_is_raised_once_unless_it_is_due_again() -> None:
    first = trade(BOUGHT).alerted("unprotected", "alert", NOW)
    assert first.alerted("unprotected", "alert", NOW + 1) is first
    assert first.alerted("unprotected", "alert", NOW + 59_999, every=60_000) is first
    again = first.alerted("unprotected", "alert", NOW + 60_000, every=60_000)
    assert again.alerts == (Alert("unprotected", "alert", NOW + 60_000),)


def test_the_first_reason_to_close_stays() -> None:
    closing = trade(BOUGHT).closing_for("soft_stop", NOW)
    assert closing.closing_for("close", NOW + 1) is closing
    assert closing.close_reason == "soft_stop"


def test_a_replacement_trails_if_it_raises_the_stop() -> None:
    resizing = replace(trade(BOUGHT), rep_old=D(90), rep_new=D(90))
    assert (resizing.replacing, resizing.trailing) == (True, False)
    assert replace(resizing, rep_new=D(95)).trailing
    assert not resizing.without_replacement().replacing

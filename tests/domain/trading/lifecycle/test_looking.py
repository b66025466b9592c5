"""What is read of the venue, and when: as often as the state of a leg asks for, and no part that nothing needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opentrader.domain.trading.lifecycle import considered, planned, watch
from opentrader.domain.trading.lifecycle.looking import overdue, pause, unshown
from opentrader.domain.trading.lifecycle.records import Leg
from opentrader.domain.trading.looks import VenueView, Watch

from .given import BOUGHT, ENTRY, FILTERS, INTENT, LIST, NOW, SETTINGS, D, entry_order, leg, oco, ticked, trade, view

NOTHING = VenueView(FILTERS, NOW)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (leg("E", "UNKNOWN"), SETTINGS.poll),
        (leg("E", "OPEN"), SETTINGS.resting),
        (leg("E", "OPEN", cancel_sent=NOW), SETTINGS.poll),
        (leg("E", "OPEN", cum=D(3)), SETTINGS.resting),
        (leg("L", "OPEN"), SETTINGS.listed),
        (leg("L", "OPEN", flag="TRIGGERED"), SETTINGS.poll),
        (leg("L", "OPEN", cum=D(3)), SETTINGS.poll),
        (leg("S", "OPEN"), SETTINGS.resting),
        (leg("C", "ABSENT"), SETTINGS.reconcile),
        (BOUGHT, None),
    ],
)
def test_how_often_a_leg_is_read(told: Leg, expected: int | None) -> None:
    assert pause(told, SETTINGS) == expected


def test_a_list_that_rests_is_read_with_all_open_orders_and_anything_else_by_its_id() -> None:
    assert watch(trade(BOUGHT, leg("L", "OPEN")), NOW).parts == {"open_orders"}
    assert watch(trade(BOUGHT, leg("L", "UNKNOWN")), NOW).lists == (LIST,)
    assert watch(trade(leg("E", "OPEN")), NOW).orders == (ENTRY,)
    assert not watch(trade(BOUGHT, leg("L", "OPEN")), NOW, {LIST: NOW})


def test_while_the_venue_tells_of_changes_every_order_that_rests_is_read_with_all_open_ones() -> None:
    for told in (leg("E", "OPEN"), leg("S", "OPEN"), leg("L", "OPEN")):
        assert watch(trade(BOUGHT, told), NOW, {}, SETTINGS.pushed) == watch(trade(BOUGHT, leg("L", "OPEN")), NOW)
    assert watch(trade(leg("E", "UNKNOWN")), NOW, {}, SETTINGS.pushed).orders == (ENTRY,)


@pytest.mark.parametrize(
    ("told", "shown_at", "late"),
    [
        (leg("L", "OPEN"), {LIST: NOW - SETTINGS.listed}, 0),
        (leg("L", "OPEN"), {LIST: NOW - SETTINGS.listed - 7}, 7),
        (leg("E", "UNKNOWN"), {ENTRY: NOW - SETTINGS.poll - 7}, 7),
        (leg("E", "UNKNOWN"), {}, 30_000 - SETTINGS.poll),  # it was sent after the start, and never read
        (leg("L", "OPEN", sent_at=NOW - 900_000), {}, 100_000 - SETTINGS.listed),  # nothing was read before the start
        (BOUGHT, {}, 0),
    ],
)
def test_by_how_much_a_read_is_late(told: Leg, shown_at: dict[str, int], late: int) -> None:
    assert overdue(trade(told), NOW, shown_at, NOW - 100_000, SETTINGS) == late


def test_what_no_look_shows_is_looked_up() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"))
    gone = unshown(
        told, view(oco(stop="FILLED", target="EXPIRED"), found={}, missing=frozenset(), history=None), NOW, SETTINGS
    )
    assert (gone.lists, gone.parts) == ((LIST,), frozenset())
    assert not unshown(told, view(oco()), NOW, SETTINGS)


def test_fills_are_read_where_an_order_has_more() -> None:
    short = replace(BOUGHT, covered=D(4))
    assert unshown(trade(short), NOTHING, NOW, SETTINGS).parts == {"fills"}
    assert not unshown(trade(short), replace(NOTHING, failed=frozenset({"fills"})), NOW, SETTINGS)


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({"horizon_at": NOW + 1}, set()),
        ({"horizon_at": NOW}, {"open_orders", "history", "balance"}),
        ({"neg_count": 1, "neg_at": NOW - 1}, set()),
        ({"neg_count": 1, "neg_at": NOW - SETTINGS.vote_gap}, {"open_orders", "history", "balance"}),
    ],
)
def test_the_account_is_read_for_a_vote_and_not_before(fields: dict[str, Any], parts: set[str]) -> None:
    told = trade(BOUGHT, leg("L", "UNKNOWN", **fields))
    assert unshown(told, replace(NOTHING, missing=frozenset({LIST})), NOW, SETTINGS).parts == parts


@pytest.mark.parametrize(
    ("told", "parts"),
    [
        (trade(BOUGHT, leg("L", "OPEN")), set()),
        (trade(BOUGHT), {"price", "balance"}),
        (trade(BOUGHT, leg("L", "OPEN"), want=D(95)), {"price"}),
        (trade(leg("E", "OPEN"), label="ENTERING"), set()),
        (trade(BOUGHT, close_reason="close", label="CLOSING"), {"price", "balance"}),
        (planned(replace(INTENT, created_at=NOW)), {"price", "balance"}),
    ],
    ids=["protected", "bare", "trailing", "resting", "closing", "planned"],
)
def test_a_decision_asks_for_what_it_needs(told: Any, parts: set[str]) -> None:
    read_at = {each.cid: NOW for each in told.legs}
    assert considered(told, NOTHING, NOW, read_at, SETTINGS).more.parts == parts


def test_a_leg_that_is_due_is_read_before_anything_is_decided() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"), close_reason="close", label="CLOSING")
    assert considered(told, NOTHING, NOW, {}, SETTINGS).effect is None
    assert considered(told, NOTHING, NOW, {LIST: NOW}, SETTINGS).effect is not None


def test_what_cannot_be_read_is_not_asked_for_again_in_the_same_tick() -> None:
    blind = replace(NOTHING, failed=frozenset({"price", "balance"}))
    after, effect = ticked(trade(BOUGHT), blind)
    assert effect is None
    assert after.label == "UNPROTECTED"
    assert considered(trade(BOUGHT), blind, NOW, {}, SETTINGS).more == Watch("BTCUSDT", since=BOUGHT.sent_at)


def test_a_limit_entry_is_not_sent_below_its_own_stop_nor_a_market_entry_late_or_far_away() -> None:
    market = replace(INTENT, kind="market", created_at=NOW)
    for intent, last, late, sent in (
        (INTENT, 91, 0, True),
        (INTENT, 90, 0, False),
        (market, 100, SETTINGS.send_within, True),
        (market, 100, SETTINGS.send_within + 1, False),
        (market, 104, 0, True),
        (market, 106, 0, False),
        (market, 120, 0, False),
        (market, 90, 0, False),
    ):
        after, effect = ticked(planned(intent), view(wallet=0, last=last), NOW + late)
        assert (effect is not None) == sent, (intent.kind, last, late)
        assert after.close_reason == ("" if sent else "expired_unsent")


def test_an_entry_in_part_that_rests_is_read_with_its_order() -> None:
    part = leg("E", "OPEN", cum=D(5), covered=D(5), part_at=NOW)
    after, effect = ticked(trade(part, label="PARTIAL_HELD"), view(entry_order("OPEN", 5), wallet=5))
    assert (effect, after.label) == (None, "PARTIAL_HELD")


def test_k18_all_orders_of_a_trade_are_read_once_after_a_start() -> None:
    first = watch(trade(BOUGHT), NOW, {}, SETTINGS, unread=True)
    assert (first.parts, first.since) == ({"open_orders", "history"}, INTENT.created_at)
    assert not watch(trade(BOUGHT), NOW, {}, SETTINGS)
    assert considered(trade(BOUGHT), NOTHING, NOW, {}, SETTINGS, unread=True).more == first

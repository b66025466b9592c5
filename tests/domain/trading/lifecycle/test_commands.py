"""What a user or the daemon asks of a trade."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from opentrader.domain.timeframes import DAY_MS
from opentrader.domain.trading.lifecycle import Alert, close, drop, faulted, move, next_poll, trail, watch
from opentrader.domain.trading.lifecycle.fold import changed, quarantined
from opentrader.domain.trading.lifecycle.reply import answered
from opentrader.domain.trading.venue import Balance, CancelList, Close, PlaceList, Refused

from .given import (
    BOUGHT,
    FILTERS,
    LIST,
    NOW,
    D,
    entry_order,
    leg,
    ticked,
    trade,
    view,
)


def test_a_stop_is_only_ever_raised_and_not_by_a_hair() -> None:
    told = trade(BOUGHT, leg("L", "OPEN", sent_at=NOW - 60_000))
    assert trail(told, D(95), FILTERS, NOW).want == 95
    assert trail(told, D(85), FILTERS, NOW) == told
    assert trail(told, Decimal("90.2"), replace(FILTERS, tick=Decimal("0.1")), NOW) == told
    assert trail(trade(BOUGHT, leg("L", "OPEN", sent_at=NOW - 59_999)), D(95), FILTERS, NOW).want == 0


def test_a_fault_of_the_rules_is_paged_once_and_leaves_the_exits() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"))
    after = faulted(told, NOW)
    assert (after.label, after.quar, after.legs) == ("QUARANTINE", "unknown", told.legs)
    assert after.alerts == (Alert("internal fault", "page", NOW),)
    assert faulted(after, NOW + 30_000) == after


def test_k3_an_overruled_position_that_is_only_locked_is_not_given_up_and_its_exit_is_canceled_once() -> None:
    """The wallet holds it; what locks it is an order of ours that no read shows."""
    stuck = trade(BOUGHT, leg("L", "OPEN", neg_at=NOW - 400_000), quar="unknown", label="QUARANTINE")
    told = close(stuck, "close", NOW)
    assert told.legs[-1].state == "ABSENT"
    shown = view(entry_order(), balance=Balance(D(0), D(10)))
    told, effect = ticked(told, shown)
    assert effect == CancelList(LIST, "BTCUSDT")
    for later in (0, 5_000, 60_000):
        told, effect = ticked(told, shown, NOW + later)
        assert (effect, told.adj, told.label) == (None, 0, "CLOSING")
    assert isinstance(ticked(told, view(entry_order()), NOW + 70_000)[1], Close)


def test_k3_an_overruled_close_sells_what_is_there_and_nothing_of_the_users_own() -> None:
    told = close(trade(BOUGHT, base_at_entry=D(5), quar="unknown", label="QUARANTINE"), "close", NOW)
    shown = view(entry_order(), wallet=9)  # 4 of ours are left beside the 5 of the user
    told, effect = ticked(told, shown)
    assert effect is None  # one read
    told, effect = ticked(told, shown, NOW + 2_000)
    assert isinstance(effect, Close)
    assert (effect.qty, told.adj) == (4, 6)


def test_k3_every_count_begins_anew_when_an_operator_overrules() -> None:
    stuck = trade(
        BOUGHT, failed_closes=4, failed_protects=2, pauses=3, sends=(NOW,), quar="unknown", close_after=NOW + 1
    )
    told = close(stuck, "close", NOW)
    assert (told.failed_closes, told.failed_protects, told.pauses, told.sends, told.close_after) == (0, 0, 0, (), 0)


STUCK = trade(BOUGHT, leg("L", "OPEN"), quar="unknown", label="QUARANTINE")


def test_what_is_dropped_is_held_no_more_and_its_exits_are_canceled() -> None:
    told, effect = ticked(drop(STUCK, NOW), view(entry_order(), wallet=10))
    assert (told.net, told.adj, effect) == (0, 10, CancelList(LIST, "BTCUSDT"))
    gone = told.with_leg(replace(told.legs[-1], state="CANCELED"))
    told, effect = ticked(gone, view(entry_order(), wallet=10), NOW + 60_000)
    assert (told.label, effect) == ("FLAT", None)


def test_an_exit_that_was_quicker_than_the_drop_has_sold_what_was_given_up() -> None:
    told = drop(STUCK, NOW)
    after = changed(told, told.legs[-1], replace(told.legs[-1], cum=D(4)), NOW + 1)
    assert (after.net, after.adj) == (0, 6)


def test_an_entry_that_turns_up_after_the_drop_is_sold() -> None:
    told = drop(trade(leg("E", "UNKNOWN"), quar="unknown", label="QUARANTINE"), NOW)
    assert (told.entries[0].state, told.adj) == ("ABSENT", 0)
    found = view(entry_order(), wallet=10)
    told, effect = ticked(told, found, NOW + 30_000)
    assert isinstance(effect, Close)
    told = replace(told.with_leg(replace(told.legs[-1], state="FILLED", cum=D(10))), label="CLOSING")
    assert told.net == 0


def test_what_was_in_doubt_is_looked_for_a_day_after_the_drop() -> None:
    """Also what was sent longer ago than that: nobody looked for it any more."""
    old = leg("L", "UNKNOWN", sent_at=NOW - 2 * DAY_MS)
    told = drop(trade(BOUGHT, old, quar="unknown", label="QUARANTINE"), NOW)
    assert watch(told, NOW + DAY_MS - 1).lists == (LIST,)
    assert not watch(told, NOW + DAY_MS)
    assert next_poll(replace(told, label="FLAT"), NOW + DAY_MS) is None


GUARDED = trade(BOUGHT, leg("L", "OPEN", sl=D(95)), sl=D(95), label="PROTECTED")


def test_levels_that_are_asked_for_replace_the_exit_and_forget_what_trailing_wanted() -> None:
    told = move(replace(GUARDED, want=D(97)), D(92), D(115))
    assert (told.move, told.want) == ("asked", 0)
    told, effect = ticked(told, view(entry_order(), wallet=10))
    assert effect == CancelList(LIST, "BTCUSDT")
    assert (told.rep_old, told.rep_new, told.rep_tp, told.label) == (95, 92, 115, "REPLACING")


def test_a_stop_that_is_being_lowered_counts_as_lowered_while_no_exit_is_open() -> None:
    bare = trade(BOUGHT, sl=D(95), rep_old=D(95), rep_new=D(90), rep_tp=D(120), move="asked", label="REPLACING")
    told, effect = ticked(bare, view(entry_order(), wallet=10, last=93))
    assert isinstance(effect, PlaceList)
    assert (effect.stop_px, effect.target_px, told.close_reason) == (90, 120, "")


@pytest.mark.parametrize(("stop", "target", "last"), [(92, 120, 92), (92, 120, 120)])
def test_levels_that_the_price_has_come_close_to_are_given_up(stop: int, target: int, last: int) -> None:
    told, effect = ticked(move(GUARDED, D(stop), D(target)), view(entry_order(), wallet=10, last=last))
    assert (told.move, effect, told.sl) == ("kept", None, 95)


def test_levels_that_the_exchange_refuses_give_way_to_the_old_ones() -> None:
    bare = trade(BOUGHT, sl=D(95), rep_old=D(95), rep_new=D(92), rep_tp=D(115), move="asked", label="REPLACING")
    told, effect = ticked(bare, view(entry_order(), wallet=10))
    assert isinstance(effect, PlaceList)
    told = answered(told, effect, Refused("filter", -1013), "BTC", NOW)
    told, effect = ticked(told, view(entry_order(), wallet=10), NOW + 1_000)
    assert isinstance(effect, PlaceList)
    assert (effect.stop_px, effect.target_px) == (95, 120)


def test_a_target_that_no_order_stands_for_is_moved_without_one() -> None:
    soft = trade(BOUGHT, leg("S", "OPEN", sl=D(95)), sl=D(95), label="PROTECTED")
    told, effect = ticked(move(soft, D(95), D(115)), view(entry_order(), wallet=10))
    assert (told.move, told.tp, effect) == ("done", 115, None)


def test_levels_that_a_trade_is_stuck_with_are_given_up() -> None:
    for told in (faulted(move(GUARDED, D(92), D(115)), NOW), quarantined(move(GUARDED, D(92), D(115)), "why", NOW)):
        assert (told.move, told.quar) == ("kept", "unknown")
    assert faulted(replace(GUARDED, move="done"), NOW).move == "done"

"""What a user or the daemon asks of a trade."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from opentrader.domain.trading.lifecycle import Alert, close, faulted, trail
from opentrader.domain.trading.venue import Balance, CancelList, Close

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

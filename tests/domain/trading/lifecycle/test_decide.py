"""Each row of the decision by itself: a scene that it matches, and what it then does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opentrader.domain.trading.lifecycle import Trade, booted, cancel_entry, close, planned
from opentrader.domain.trading.venue import (
    CancelList,
    CancelOrder,
    Close,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    ReplaceList,
)

from .given import (
    BOUGHT,
    CLOSE,
    ENTRY,
    FILTERS,
    INTENT,
    LIST,
    NOW,
    SETTINGS,
    SINGLE,
    STOP,
    D,
    effect_of,
    entry_order,
    leg,
    oco,
    order,
    single,
    ticked,
    trade,
    view,
)

FILLED = entry_order()


# 1 planned


def test_a_planned_entry_is_sent_and_the_users_coins_are_noted() -> None:
    after, effect = ticked(planned(INTENT), view(wallet=7))
    assert effect == PlaceEntry(ENTRY, "BTCUSDT", "buy", D(10), D(100), NOW)
    assert (after.base_at_entry, after.entries[0].state, after.label) == (7, "SENT", "ENTERING")
    assert after.entries[0].horizon_at == NOW + SETTINGS.horizon


@pytest.mark.parametrize(
    "told",
    [
        close(planned(INTENT), "asked", NOW),
        cancel_entry(planned(INTENT)),
        booted(planned(INTENT), NOW),
        planned(replace(INTENT, ttl_at=NOW)),
    ],
    ids=["closed", "taken back", "booted", "expired"],
)
def test_a_planned_entry_that_is_not_wanted_any_more_is_never_sent(told: Trade) -> None:
    after, effect = ticked(told, view(wallet=0))
    assert effect is None
    assert (after.label, after.close_reason) == ("FLAT", "expired_unsent")


def test_a_planned_entry_that_the_venue_knows_was_sent_by_another() -> None:
    after, effect = ticked(planned(INTENT), view(entry_order("OPEN", 0), wallet=0))
    assert effect is None
    assert (after.label, after.quar) == ("QUARANTINE", "unknown")


# 2, 3 quarantine, close in flight


def test_quarantine_leaves_everything_alone_and_pages() -> None:
    after, effect = ticked(trade(BOUGHT, quar="unknown", label="QUARANTINE"), view(FILLED, last=80))
    assert effect is None
    assert {alert.code for alert in after.alerts if alert.severity == "page"} == {"quarantine"}


def test_only_a_close_ends_a_quarantine() -> None:
    told = close(trade(BOUGHT, quar="unknown", label="QUARANTINE"), "asked", NOW)
    after, effect = ticked(told, view(FILLED))
    assert isinstance(effect, Close)
    assert after.label == "CLOSING"


def test_nothing_happens_beside_a_close_without_an_outcome() -> None:
    told = trade(BOUGHT, leg("C", "UNKNOWN", horizon_at=NOW + 1), close_reason="asked", label="CLOSING")
    assert effect_of(told, FILLED, last=80) is None


# 5, 6 the entry


@pytest.mark.parametrize("fields", [{"halt": True}, {"close_reason": "asked"}, {"intent": replace(INTENT, ttl_at=NOW)}])
def test_an_unwanted_entry_is_cancelled_until_it_is_read_terminal(fields: dict[str, Any]) -> None:
    told = trade(leg("E", "OPEN", cancel_sent=NOW - 1_000), label="ENTERING", **fields)
    assert effect_of(told, entry_order("OPEN", 0), wallet=0) == CancelOrder(ENTRY, "BTCUSDT")


@pytest.mark.parametrize("fields", [{"halt": True}, {"close_reason": "asked"}, {"intent": replace(INTENT, ttl_at=NOW)}])
def test_an_unknown_entry_is_resolved_first_and_never_cancelled(fields: dict[str, Any]) -> None:
    told = trade(leg("E", "UNKNOWN", horizon_at=NOW + 1), label="ENTERING", **fields)
    assert effect_of(told, wallet=0) is None


# 7, 8 too little


def test_an_exit_without_a_position_is_cancelled() -> None:
    told = trade(leg("E", "CANCELED"), leg("L", "OPEN"), label="SWEEPING")
    assert effect_of(told, entry_order("CANCELED", 0), oco()) == CancelList(LIST, "BTCUSDT")


def test_flat_only_when_what_was_sent_can_no_longer_arrive() -> None:
    told = trade(leg("E", "CANCELED"), label="SWEEPING", last_send=NOW - SETTINGS.horizon + 1)
    seen = view(entry_order("CANCELED", 0), wallet=0)
    after, _ = ticked(told, seen)
    assert after.label == "SWEEPING"
    assert ticked(after, seen, NOW + 1)[0].label == "FLAT"


def test_dust_stays_dust_when_only_the_price_moves() -> None:
    few = leg("E", "CANCELED", cum=D(3), covered=D(3))
    dear = replace(FILTERS, min_notional=D(300))
    dust, _ = ticked(trade(few, label="SWEEPING"), replace(view(entry_order("CANCELED", 3), wallet=3), filters=dear))
    assert dust.label == "DUST"
    after, effect = ticked(dust, replace(view(entry_order("CANCELED", 3), wallet=3, last=112), filters=dear))
    assert (after.label, effect) == ("DUST", None)


def test_a_small_part_of_a_working_entry_has_a_soft_stop_only() -> None:
    part = leg("E", "OPEN", cum=D(2), covered=D(2), part_at=NOW - 60_000)
    dear = replace(FILTERS, min_notional=D(300))
    after, effect = ticked(
        trade(part, label="PARTIAL_HELD"), replace(view(entry_order("OPEN", 2), wallet=2), filters=dear)
    )
    assert effect is None
    assert [alert.code for alert in after.alerts] == ["soft stop only"]


# 9 closing


def closing(*legs: Any, **fields: Any) -> Trade:
    return trade(BOUGHT, *legs, close_reason="asked", label="CLOSING", **fields)


def test_a_close_takes_the_exit_away_first_and_reads_it_terminal() -> None:
    told = closing(leg("L", "OPEN", cancel_sent=NOW - 1_000, cancel_at=NOW - 1_000))
    assert effect_of(told, FILLED, oco()) == CancelList(LIST, "BTCUSDT")
    gone = oco(stop="CANCELED", target="CANCELED")
    assert effect_of(told, FILLED, gone) == Close(CLOSE, "BTCUSDT", "sell", D(10), NOW)


def test_nothing_is_sold_while_a_protect_is_unresolved_unless_it_could_not_sell_too() -> None:
    told = closing(leg("L", "UNKNOWN", horizon_at=NOW + 1), base_at_entry=D(50))
    assert effect_of(told, FILLED, wallet=60) is None
    assert isinstance(effect_of(replace(told, base_at_entry=D(0)), FILLED, wallet=10), Close)


def test_after_four_failed_closes_one_protect_then_one_close_after_a_minute() -> None:
    after, effect = ticked(closing(failed_closes=4), view(FILLED))
    assert isinstance(effect, PlaceList)
    assert (after.close_reason, after.failed_closes, after.close_after) == ("asked", 3, NOW + 60_000)
    assert "close failed" in {alert.code for alert in after.alerts if alert.severity == "page"}
    assert ticked(replace(after, legs=(BOUGHT,)), view(FILLED), NOW + 60_000)[1] == Close(
        CLOSE, "BTCUSDT", "sell", D(10), NOW + 60_000
    )


# 11 nothing protects


def test_a_young_part_waits_for_more() -> None:
    part = leg("E", "OPEN", cum=D(5), covered=D(5), part_at=NOW - 14_999)
    told = trade(part, label="PARTIAL_HELD")
    assert effect_of(told, entry_order("OPEN", 5), wallet=5) is None
    assert isinstance(ticked(told, view(entry_order("OPEN", 5), wallet=5), NOW + 1)[1], PlaceList)


@pytest.mark.parametrize("last", [90, 120])
def test_past_its_levels_a_position_is_sold_at_once(last: int) -> None:
    after, effect = ticked(trade(BOUGHT), view(FILLED, last=last))
    assert isinstance(effect, Close)
    assert after.label == "CLOSING"


def test_neither_closed_nor_protected_is_a_quarantine_that_pages() -> None:
    refused = leg("L", "REJECTED", sent_at=NOW - 1_000)
    told = closing(refused, failed_protects=1, close_after=NOW + 30_000)
    after, effect = ticked(told, view(FILLED))
    assert (effect, after.label) == (None, "QUARANTINE")
    assert isinstance(ticked(after, view(FILLED), NOW + 30_000)[1], Close)


def test_while_a_close_pauses_the_protection_is_tried_every_minute() -> None:
    refused = leg("L", "REJECTED", sent_at=NOW - SETTINGS.close_pause)
    told = closing(refused, failed_protects=1, close_after=NOW + 600_000)
    assert isinstance(effect_of(told, FILLED), PlaceList)


def test_failed_closes_pause_longer_each_time_until_something_changes() -> None:
    told = closing(leg("C", "REJECTED", refused="other", refusal="Market is closed."), failed_closes=4)
    waits, now = list[int](), NOW
    for _ in range(6):
        after, _ = ticked(replace(told, failed_closes=4), view(FILLED), now)
        waits.append((after.close_after - now) // 60_000)
        told, now = after, after.close_after
    assert waits == [1, 2, 4, 8, 15, 15]
    assert isinstance(ticked(told, view(FILLED, last=102), now - 1)[1], Close)  # the price has moved
    other = replace(told, legs=(BOUGHT, leg("C", "REJECTED", refused="filter")), failed_closes=4)
    after, _ = ticked(other, view(FILLED), now)
    assert after.close_after - now == SETTINGS.close_pause


def test_no_trade_sends_more_than_its_budget() -> None:
    sends = tuple(NOW - 50_000 + 1_000 * n for n in range(SETTINGS.budget))
    for told in (closing(sends=sends), trade(BOUGHT, sends=sends)):
        after, effect = ticked(told, view(FILLED))
        assert effect is None
        assert "too many orders" in {alert.code for alert in after.alerts}
        assert ticked(after, view(FILLED), sends[0] + SETTINGS.budget_window)[1] is not None


def test_only_a_refused_request_frees_its_generation() -> None:
    """An order that the venue reports as rejected exists, and its report would be taken for that of the next."""
    reported = closing(leg("C", "REJECTED", ex_ids=("x1",)))
    assert reported.next_gen("C") == 2
    assert closing(leg("C", "REJECTED", refused="filter")).next_gen("C") == 1


def test_without_budget_an_exit_stays_where_it_is() -> None:
    sends = tuple(NOW - 50_000 + 1_000 * n for n in range(SETTINGS.budget))
    for told in (
        closing(leg("L", "OPEN"), sends=sends),
        trade(BOUGHT, leg("L", "OPEN"), want=D(95), sends=sends),
        trade(BOUGHT, leg("L", "OPEN", qty=D(4)), sends=sends),
    ):
        assert effect_of(told, FILLED, oco()) is None


def test_another_price_ends_the_pause_of_a_close_while_an_exit_protects() -> None:
    told = closing(leg("L", "OPEN"), close_after=NOW + 600_000, pauses=4, paused_px=D(100))
    assert effect_of(told, FILLED, oco()) is None
    assert effect_of(told, FILLED, oco(), last=102) == CancelList(LIST, "BTCUSDT")


def test_a_refused_generation_is_used_again() -> None:
    told = closing(leg("C", "REJECTED", refused="other", refusal="Market is closed."))
    after, effect = ticked(told, view(FILLED))
    assert isinstance(effect, Close)
    assert (effect.cid, len(after.closes)) == (CLOSE, 1)
    assert (after.closes[0].refusals, after.closes[0].refusal) == (1, "Market is closed.")


def test_an_exit_that_another_hand_took_away_is_not_replaced_before_a_sale_could_be_read() -> None:
    removed = oco(stop="CANCELED", target="CANCELED")
    after, effect = ticked(trade(BOUGHT, leg("L", "OPEN"), label="PROTECTED"), view(FILLED, removed))
    assert effect is None
    assert "stop removed outside" in {alert.code for alert in after.alerts}
    assert isinstance(ticked(after, view(FILLED, removed), NOW + SETTINGS.read_lag)[1], PlaceList)


def test_an_exit_taken_away_and_a_sale_of_as_much_is_a_close_outside() -> None:
    removed = oco(stop="CANCELED", target="CANCELED", updated_at=NOW - 1_000)
    sale = order("web_1", "sell", "MARKET", "FILLED", cum=10, updated_at=NOW - 500)
    after, effect = ticked(trade(BOUGHT, leg("L", "OPEN"), label="PROTECTED"), view(FILLED, removed, sale, wallet=50))
    assert (effect, after.close_reason, after.label) == (None, "external", "FLAT")


# 12, 13 exits


def test_an_unresolved_exit_is_waited_for() -> None:
    assert effect_of(trade(BOUGHT, leg("L", "UNKNOWN", horizon_at=NOW + 1), label="PROTECTING"), FILLED) is None


def test_of_two_exits_the_looser_goes() -> None:
    tight = leg("S", "OPEN", sl=D(95))
    told = trade(BOUGHT, leg("L", "OPEN"), tight, label="PROTECTED")
    assert effect_of(told, FILLED, oco(), single(), wallet=20) == CancelList(LIST, "BTCUSDT")


def test_an_exit_at_work_is_neither_trailed_nor_resized() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"), want=D(95), label="PROTECTED")
    assert effect_of(told, FILLED, oco(stop="EXPIRED", target_cum=4), wallet=6) is None


# 14, 15, 16 replacements


def replacing(old: int, new: int, **fields: Any) -> Trade:
    out = leg("L", "OPEN", cancel_sent=NOW - 1_000, cancel_at=NOW - 1_000)
    return trade(BOUGHT, out, rep_old=D(old), rep_new=D(new), want=D(new), label="REPLACING", **fields)


def test_a_replacement_whose_list_is_still_open_cancels_again() -> None:
    assert effect_of(replacing(90, 95), FILLED, oco()) == CancelList(LIST, "BTCUSDT")
    assert effect_of(replacing(90, 90), FILLED, oco(), last=91) == CancelList(LIST, "BTCUSDT")


def test_a_replacement_that_has_no_room_any_more_is_dropped() -> None:
    after, effect = ticked(replacing(90, 95), view(FILLED, oco(), last=95))
    assert effect is None
    assert (after.want, after.replacing, after.legs[1].cancel_sent, after.label) == (0, False, 0, "PROTECTED")


def test_the_old_list_gone_the_new_one_is_placed_at_the_new_level() -> None:
    effect = effect_of(replacing(90, 95), FILLED, oco(stop="CANCELED", target="CANCELED"))
    assert isinstance(effect, PlaceList)
    assert effect.stop_px == 95


def test_the_old_level_is_next_when_the_price_is_there_already() -> None:
    after, effect = ticked(replacing(90, 95), view(FILLED, oco(stop="CANCELED", target="CANCELED"), last=95))
    assert isinstance(effect, PlaceList)
    assert (effect.stop_px, after.stage) == (90, 1)


def test_a_replacement_ends_with_the_new_list_open() -> None:
    told = replace(replacing(90, 95), legs=(BOUGHT, leg("L", "OPEN", sl=D(95))))
    after, effect = ticked(told, view(FILLED, oco()))
    assert effect is None
    assert (after.sl, after.want, after.replacing, after.label) == (95, 0, False, "PROTECTED")


def test_an_exit_for_more_than_is_held_is_resized_at_once() -> None:
    less = leg("E", "CANCELED", cum=D(8), covered=D(8))
    after, effect = ticked(trade(less, leg("L", "OPEN"), label="PROTECTED"), view(entry_order("CANCELED", 8), oco()))
    assert effect == CancelList(LIST, "BTCUSDT")
    assert (after.rep_old, after.rep_new, after.stage, after.label) == (90, 90, 1, "REPLACING")


def test_an_exit_for_less_than_is_held_grows_at_once_when_the_entry_is_done() -> None:
    seen = (FILLED, oco(qty=8))
    assert effect_of(trade(BOUGHT, leg("L", "OPEN", qty=D(8)), label="PROTECTED"), *seen) == CancelList(LIST, "BTCUSDT")
    assert effect_of(trade(BOUGHT, leg("L", "OPEN", qty=D(9)), label="PROTECTED"), FILLED, oco(qty=9)) is None


def test_a_wish_is_followed_when_there_is_room() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"), want=D(95), label="PROTECTED")
    after, effect = ticked(told, view(FILLED, oco()))
    assert effect == CancelList(LIST, "BTCUSDT")
    assert (after.rep_old, after.rep_new, after.sl, after.label) == (90, 95, 90, "REPLACING")
    assert effect_of(told, FILLED, oco(), last=95) is None


def test_a_wish_is_one_request_where_the_venue_can() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"), want=D(95), label="PROTECTED")
    seen = replace(view(FILLED, oco()), filters=replace(FILTERS, cancel_replace=True))
    stop = PlaceStop(SINGLE, "BTCUSDT", "sell", D(10), D(95), None, NOW)
    assert ticked(told, seen)[1] == ReplaceList(LIST, STOP, stop)


# around the rows

"""What an answer adds to the legs; a refusal never overrides what a read has found."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.domain.trading.lifecycle import Trade, answered
from opentrader.domain.trading.venue import (
    Accepted,
    CancelList,
    CancelOrder,
    Close,
    Effect,
    Outcome,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    Refused,
    ReplaceList,
    Unknown,
)

from .given import (
    BOUGHT,
    CLOSE,
    ENTRY,
    LIST,
    NOW,
    SINGLE,
    STOP,
    TARGET,
    D,
    entry_order,
    known,
    leg,
    order,
    trade,
)

EFFECTS: dict[str, Effect] = {
    "E": PlaceEntry(ENTRY, "BTCUSDT", "buy", D(10), D(100), NOW),
    "L": PlaceList(LIST, STOP, TARGET, "BTCUSDT", "sell", D(10), D(90), None, D(120), NOW),
    "C": Close(CLOSE, "BTCUSDT", "sell", D(10), NOW),
}


REPLACE = ReplaceList(LIST, STOP, PlaceStop(SINGLE, "BTCUSDT", "sell", D(10), D(95), None, NOW))


def answer(kind: str, outcome: Outcome, **fields: Any) -> Trade:
    legs = (leg("E", "SENT"),) if kind == "E" else (BOUGHT, leg(kind, "SENT"))
    return answered(trade(*legs, **fields), EFFECTS[kind], outcome, "BTC", NOW)


@pytest.mark.parametrize("kind", ["E", "L", "C"])
@pytest.mark.parametrize(
    "outcome", [Unknown(), Refused("duplicate"), Accepted(None)], ids=["unknown", "duplicate", "empty"]
)
def test_without_a_plain_answer_the_outcome_is_unknown(kind: str, outcome: Outcome) -> None:
    assert answer(kind, outcome).legs[-1].state == "UNKNOWN"


def test_a_refused_entry_is_ended_and_nothing_else() -> None:
    told = answer("E", Refused("balance"))
    assert (told.legs[0].state, told.close_reason, told.failed_protects) == ("REJECTED", "", 0)


@pytest.mark.parametrize("why", ["late", "held"])
@pytest.mark.parametrize("kind", ["L", "C"])
def test_what_never_left_is_planned_anew_and_counts_for_nothing(kind: str, why: Any) -> None:
    told = answer(kind, Refused(why, retry_after=2_000 if why == "held" else 0))
    assert [each.kind for each in told.legs] == ["E"]
    assert (told.failed_protects, told.failed_closes) == (0, 0)
    assert told.retry_at == (NOW + 2_000 if why == "held" else 0)


def test_a_replacement_that_never_left_leaves_the_list_as_it_was() -> None:
    replaced = leg("L", "OPEN", cancel_sent=NOW, cancel_at=NOW)
    begun = trade(BOUGHT, replaced, leg("S", "SENT", replaces=LIST), rep_old=D(90), rep_new=D(95))
    told = answered(begun, REPLACE, Refused("late"), "BTC", NOW)
    assert [(each.kind, each.cancel_sent) for each in told.legs] == [("E", 0), ("L", 0)]


def test_an_entry_that_was_late_is_planned_anew_and_one_that_was_held_back_is_over() -> None:
    assert answer("E", Refused("late")).legs == ()
    assert answer("E", Refused("held")).legs[0].state == "REJECTED"


@pytest.mark.parametrize("why", ["rate", "clock", "filter", "other"])
def test_a_refused_exit_is_a_failed_protect_and_a_refused_close_a_failed_close(why: Any) -> None:
    assert answer("L", Refused(why)).failed_protects == 1
    assert answer("C", Refused(why)).failed_closes == 1


def test_a_pause_that_the_venue_asks_for_is_kept() -> None:
    assert answer("L", Refused("rate", retry_after=3_000)).retry_at == NOW + 3_000


def test_a_price_that_ran_past_a_level_gives_up_the_new_level_then_the_position() -> None:
    told = answer("L", Refused("price"), rep_old=D(90), rep_new=D(95))
    assert (told.stage, told.close_reason) == (1, "")
    told = answer("L", Refused("price"), rep_old=D(90), rep_new=D(95), stage=1)
    assert told.close_reason == "through"
    assert answer("L", Refused("price"), close_reason="asked").failed_protects == 1


def test_a_balance_is_read_again_once_then_the_position_is_closed() -> None:
    told = answer("L", Refused("balance"))
    assert (told.bal_reread, told.close_reason, told.failed_protects) == (1, "", 0)
    assert answer("L", Refused("balance"), bal_reread=1).close_reason == "protect_failed"


def test_a_refusal_never_overrides_what_a_read_has_found() -> None:
    told = answered(trade(BOUGHT, leg("L", "OPEN")), EFFECTS["L"], Refused("other"), "BTC", NOW)
    assert (told.legs[1].state, told.failed_protects) == ("OPEN", 0)


def test_a_cancel_that_went_well_ends_the_order_with_what_it_bought() -> None:
    told = trade(leg("E", "OPEN"))
    told = answered(told, CancelOrder(ENTRY, "BTCUSDT"), Accepted(entry_order("CANCELED", 4)), "BTC", NOW)
    assert known(told) == [("CANCELED", 4, 0, 0, 0)]


@pytest.mark.parametrize("outcome", [Refused("not_found"), Refused("other"), Unknown()])
def test_any_other_answer_to_a_cancel_ends_nothing(outcome: Outcome) -> None:
    told = trade(BOUGHT, leg("L", "OPEN"))
    assert answered(told, CancelList(LIST, "BTCUSDT"), outcome, "BTC", NOW) == told


@pytest.mark.parametrize(
    ("outcome", "old", "new", "facts"),
    [
        (Accepted(order(SINGLE, "sell", "STOP_LOSS", "OPEN", stop_px=D(95))), "CANCELED", "OPEN", (95, 0, 0)),
        (Refused("other"), "OPEN", "REJECTED", (90, 0, 0)),
        (Refused("half_done"), "CANCELED", "REJECTED", (90, 95, 1)),
        (Unknown(), "OPEN", "UNKNOWN", (90, 95, 0)),
    ],
    ids=["ok", "nothing done", "half done", "unknown"],
)
def test_the_four_ends_of_a_cancel_replace(outcome: Outcome, old: str, new: str, facts: tuple[int, ...]) -> None:
    begun = trade(
        BOUGHT,
        leg("L", "OPEN", cancel_sent=NOW, cancel_at=NOW),
        leg("S", "SENT", sl=D(95), replaces=LIST),
        rep_old=D(90),
        rep_new=D(95),
        want=D(95),
    )
    told = answered(begun, REPLACE, outcome, "BTC", NOW)
    assert (told.legs[1].state, told.legs[2].state) == (old, new)
    assert (told.sl, told.rep_new, told.stage) == facts

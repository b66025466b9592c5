"""What reads and answers add to the legs: the order does not matter, and nothing is unlearned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.trading.lifecycle import Trade, answered
from opentrader.domain.trading.lifecycle.fold import folded, position
from opentrader.domain.trading.looks import VenueView
from opentrader.domain.trading.venue import Accepted, Balance, Order, Others, PlaceEntry

from .given import (
    BOUGHT,
    ENTRY,
    FILTERS,
    NOW,
    SETTINGS,
    D,
    entry_order,
    fold,
    known,
    leg,
    oco,
    trade,
    view,
)

FILLED = entry_order()


# --- reads -----------------------------------------------------------------------------------------------------

STORY = (
    entry_order("OPEN", 0),
    entry_order("OPEN", 3, quote_cum=D(300)),
    entry_order("OPEN", 7, quote_cum=D(700)),
    entry_order("CANCELED", 7, quote_cum=D(700)),
    entry_order("CANCELED", 8, quote_cum=D(800)),  # a fill that raced the cancel
)


@given(st.permutations(STORY))
def test_reads_may_come_in_any_order(story: list[Order]) -> None:
    told = trade(leg("E", "SENT"))
    for told_order in story:
        told = fold(told, view(told_order, wallet=0))
    assert known(told) == [("CANCELED", 8, 0, 0, 800)]


@given(st.permutations(STORY[1:]), st.integers(0, 3))
def test_an_answer_may_come_at_any_time(story: list[Order], turn: int) -> None:
    told = trade(leg("E", "SENT"))
    effect = PlaceEntry(ENTRY, "BTCUSDT", "buy", D(10), D(100), NOW)
    for number, told_order in enumerate(story):
        if number == turn:
            told = answered(told, effect, Accepted(STORY[0]), "BTC", NOW)
        told = fold(told, view(told_order, wallet=0))
    assert known(told) == [("CANCELED", 8, 0, 0, 800)]


def test_an_acknowledged_order_is_never_taken_for_gone() -> None:
    told, shown = trade(BOUGHT, leg("L", "OPEN")), view(FILLED)
    for seconds, code in ((0, None), (23, "order not shown for a while"), (61, "order not shown"), (301, "quarantine")):
        told = fold(told, shown, NOW + seconds * 1000)
        assert told.legs[1].state == "OPEN"
        assert code in {None, "quarantine", *(alert.code for alert in told.alerts)}
    assert told.quar == "unknown"
    assert fold(trade(BOUGHT, told.legs[1]), view(FILLED, oco()), NOW).legs[1].neg_at == 0


# --- the rule of absence ---------------------------------------------------------------------------------------


def absent(told: Trade, shown: VenueView, *seconds: float) -> Trade:
    """After looks that were asked for at these seconds past the horizon."""
    horizon = told.legs[-1].horizon_at
    for second in seconds:
        at = int(horizon + second * 1000)
        told = fold(told, replace(shown, at=at), at)
    return told


def test_one_look_is_one_vote_however_often_it_is_judged() -> None:
    told = trade(BOUGHT, leg("L", "UNKNOWN"))
    shown = replace(view(entry_order()), at=told.legs[-1].horizon_at + 10_000)
    for later in (0, 5_000, 60_000):
        told = fold(told, shown, shown.at + later)
    assert (told.legs[-1].state, told.legs[-1].neg_count) == ("UNKNOWN", 1)


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        ((0, 5), "ABSENT"),
        ((3, 5), "ABSENT"),
        ((-1, 5), "UNKNOWN"),  # one vote only: the first was before the horizon
        ((0, 4.9), "UNKNOWN"),  # the second was before the bound of read lag
        ((4, 5), "UNKNOWN"),  # less than two seconds apart
        ((6,), "UNKNOWN"),
    ],
)
def test_two_votes_after_the_horizon_make_an_absence(seconds: tuple[float, ...], state: str) -> None:
    for kind, legs in (("L", (BOUGHT,)), ("C", (BOUGHT,)), ("E", ())):
        wallet = 0 if kind == "E" else 10
        told = trade(*legs, leg(kind, "UNKNOWN", wallet_at_send=D(wallet)))
        shown = view(*([FILLED] if legs else []), wallet=wallet)
        after = absent(told, shown, *seconds)
        assert after.legs[-1].state == state
        assert (after.failed_protects, after.failed_closes) == (
            (kind, state) == ("L", "ABSENT"),
            (kind, state) == ("C", "ABSENT"),
        )


@pytest.mark.parametrize(
    "part",
    [
        {"open_orders": None},
        {"history": None},
        {"balance": None},
        {"missing": frozenset()},
        {"others": Others(unsettled=True)},
    ],
)
def test_a_part_that_was_not_read_is_no_vote(part: dict[str, Any]) -> None:
    told = trade(BOUGHT, leg("L", "UNKNOWN"))
    assert absent(told, view(FILLED, **part), 0, 5, 10).legs[-1].state == "UNKNOWN"


@pytest.mark.parametrize(
    ("kind", "balance"),
    [("E", Balance(D(11), D(0))), ("L", Balance(D(0), D(10))), ("C", Balance(D(0), D(0)))],
)
def test_a_balance_that_disagrees_is_a_veto_and_in_the_end_a_quarantine(kind: str, balance: Balance) -> None:
    told = (
        trade(BOUGHT, leg(kind, "UNKNOWN", wallet_at_send=D(10)))
        if kind != "E"
        else trade(leg("E", "UNKNOWN", wallet_at_send=D(10)))
    )
    shown = view(*([] if kind == "E" else [FILLED]), balance=balance)
    after = absent(told, shown, *range(0, 14, 2))
    assert (after.legs[-1].state, after.legs[-1].disagree, after.quar) == ("UNKNOWN", 7, "")
    assert absent(after, shown, 14).quar == "unknown"


def test_what_other_trades_hold_is_taken_out_of_the_wallet() -> None:
    told = trade(leg("E", "UNKNOWN", wallet_at_send=D(10)))
    shown = view(balance=Balance(D(16), D(0)), others=Others(held=D(6)))
    assert absent(told, shown, 0, 5).legs[-1].state == "ABSENT"


def test_a_venue_without_a_bound_never_says_absent() -> None:
    told = trade(leg("E", "UNKNOWN"))
    horizon = told.legs[0].horizon_at
    for second in (0, 5):
        at = horizon + second * 1000
        told = folded(told, replace(view(wallet=0), at=at), at, replace(SETTINGS, bounded=False))
    assert (told.legs[0].state, told.quar) == ("UNKNOWN", "unknown")


def test_what_was_taken_for_absent_and_is_found_is_a_late_order() -> None:
    told = fold(trade(BOUGHT, leg("L", "ABSENT"), failed_protects=2), view(FILLED, oco()))
    assert (told.legs[1].state, told.failed_protects) == ("OPEN", 0)
    assert [alert.code for alert in told.alerts] == ["late order"]


def test_a_balance_never_enlarges_a_position() -> None:
    told = fold(trade(BOUGHT), view(FILLED, wallet=1_000))
    assert position(told, FILTERS) == 10

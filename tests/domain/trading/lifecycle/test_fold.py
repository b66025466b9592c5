"""What reads and answers add to the legs: the order does not matter, and nothing is unlearned."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.trading.lifecycle import Trade, answered
from opentrader.domain.trading.lifecycle.fold import folded, position
from opentrader.domain.trading.venue import (
    Accepted,
    Balance,
    CancelList,
    CancelOrder,
    Close,
    Effect,
    Fill,
    Order,
    OrderList,
    Others,
    Outcome,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    Refused,
    ReplaceList,
    Unknown,
    VenueView,
)

from .given import (
    BOUGHT,
    CLOSE,
    ENTRY,
    FILTERS,
    LIST,
    NOW,
    SETTINGS,
    SINGLE,
    STOP,
    TARGET,
    D,
    entry_order,
    leg,
    oco,
    order,
    trade,
    view,
)

FILLED = entry_order()


def fold(told: Trade, seen: VenueView, now: int = NOW) -> Trade:
    return folded(told, seen, now, SETTINGS)


def known(told: Trade) -> list[tuple[object, ...]]:
    return [(each.state, each.cum, each.fees, each.covered, each.quote) for each in told.legs]


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


@pytest.mark.parametrize(
    ("seen", "state", "cum", "flag"),
    [
        (oco(), "OPEN", 0, ""),
        (oco(stop="EXPIRED", target_cum=4), "OPEN", 4, "TP_PART"),
        (oco(target="EXPIRED", triggered=True), "OPEN", 0, "TRIGGERED"),
        (oco(stop="EXPIRED", target="FILLED"), "FILLED", 10, ""),
        (oco(stop="FILLED", target="EXPIRED"), "FILLED", 10, ""),
        (oco(stop="CANCELED", target="CANCELED"), "CANCELED", 0, ""),
        (oco(stop="EXPIRED", target="CANCELED", target_cum=4), "CANCELED", 4, ""),
        (oco(stop="EXPIRED", target="EXPIRED"), "EXPIRED", 0, ""),
    ],
)
@pytest.mark.parametrize("told_as", ["list", "pieces"])
def test_a_list_as_one_leg(seen: OrderList, state: str, cum: int, flag: str, told_as: str) -> None:
    shown = view(FILLED, seen)
    if told_as == "pieces":  # the look-up by id failed: its orders still tell
        shown = replace(shown, found={}, missing=frozenset())
    told = fold(trade(BOUGHT, leg("L", "UNKNOWN")), shown).legs[1]
    assert (told.state, told.cum) == (state, cum)
    assert told.flag in {flag, "OUTSIDE"}


def test_one_expired_piece_says_nothing_of_its_list() -> None:
    alone = order(STOP, "sell", "STOP_LOSS", "EXPIRED", stop_px=D(90), list_id="7")
    shown = replace(view(FILLED, alone), found={}, missing=frozenset())
    assert fold(trade(BOUGHT, leg("L", "OPEN")), shown).legs[1].state == "OPEN"


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
    """After reads at these seconds past the horizon."""
    horizon = told.legs[-1].horizon_at
    for second in seconds:
        told = fold(told, shown, int(horizon + second * 1000))
    return told


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
        told = folded(told, view(wallet=0), horizon + second * 1000, replace(SETTINGS, bounded=False))
    assert (told.legs[0].state, told.quar) == ("UNKNOWN", "unknown")


def test_what_was_taken_for_absent_and_is_found_is_a_late_order() -> None:
    told = fold(trade(BOUGHT, leg("L", "ABSENT"), failed_protects=2), view(FILLED, oco()))
    assert (told.legs[1].state, told.failed_protects) == ("OPEN", 0)
    assert [alert.code for alert in told.alerts] == ["late order"]


# --- answers ---------------------------------------------------------------------------------------------------

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


@pytest.mark.parametrize("why", ["rate", "clock", "late", "filter", "other"])
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


# --- the position ----------------------------------------------------------------------------------------------


def paid(order_ex_id: str, qty: int, fee: str, asset: str = "BTC") -> Fill:
    return Fill(f"t{qty}{fee}", order_ex_id, "buy", D(qty), D(100), Decimal(fee), asset, NOW)


def test_fees_count_only_when_the_trades_are_complete() -> None:
    filters = replace(FILTERS, taker_rate=Decimal("0.001"))
    told = trade(leg("E", "UNKNOWN"))
    incomplete: tuple[tuple[Fill, ...], ...] = ((), (paid(f"x{ENTRY}", 4, "0.002"),))
    for fills in incomplete:
        assert position(fold(told, replace(view(FILLED, fills=fills), filters=filters)), filters) == Decimal("9.99")
    fills = (paid(f"x{ENTRY}", 4, "0.002"), paid(f"x{ENTRY}", 6, "0.003"), paid("another", 9, "1"))
    assert position(fold(told, view(FILLED, fills=fills)), filters) == Decimal("9.995")
    fills = (paid(f"x{ENTRY}", 10, "0.01", "BNB"),)
    assert position(fold(told, view(FILLED, fills=fills)), filters) == 10


def test_a_trade_that_is_told_twice_counts_once() -> None:
    fills = (paid(f"x{ENTRY}", 4, "0.002"),) * 2
    told = fold(trade(leg("E", "UNKNOWN")), view(FILLED, fills=fills)).legs[0]
    assert (told.covered, told.fees) == (4, Decimal("0.002"))


def test_a_balance_never_enlarges_a_position() -> None:
    told = fold(trade(BOUGHT), view(FILLED, wallet=1_000))
    assert position(told, FILTERS) == 10

"""A trade as the API shows it: its figures, its protection, and which requests apply to it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from opentrader.actors.trading.replies import presenter
from opentrader.domain.trading.lifecycle.records import Leg, Trade
from tests.domain.trading.lifecycle.given import BOUGHT, INTENT, NOW, D, leg, trade

LIST = leg("L", "OPEN", ex_ids=("7", "x8"))
PART = leg("E", "OPEN", cum=D(4), quote=D(396))


def market(*legs: Leg, **fields: object) -> Trade:
    return trade(*legs, intent=replace(INTENT, kind="market"), **fields)


# --- figures -----------------------------------------------------------------------------------------------------


def test_an_open_trade_shows_its_prices_orders_and_profit() -> None:
    shown = presenter.trade_reply(trade(BOUGHT, LIST), D(103), NOW)
    assert (shown.size, shown.entry_px, shown.sl_px, shown.tp_px) == (10.0, 100.0, 90.0, 120.0)
    assert (shown.sl_oid, shown.tp_oid, shown.protection, shown.state) == (7, "x8", "oco", "protected")
    assert (shown.mark_px, shown.unrealized_pnl, shown.unrealized_pnl_pct) == (103.0, 30.0, 3.0)
    assert (shown.opened_at, shown.date, shown.trailing) == ((NOW - 30_000) // 1000, "1970-01-12", False)


def test_without_a_mark_there_is_no_profit() -> None:
    shown = presenter.trade_reply(trade(BOUGHT, LIST), None, NOW)
    assert (shown.mark_px, shown.unrealized_pnl, shown.unrealized_pnl_pct) == (None, None, None)


def test_where_the_price_paid_is_unknown_it_is_not_made_up() -> None:
    shown = presenter.trade_reply(trade(replace(BOUGHT, quote=D(0)), LIST), D(103), NOW)
    assert (shown.size, shown.entry_px, shown.unrealized_pnl) == (10.0, None, None)


def test_the_stop_shown_is_the_one_at_the_exchange() -> None:
    told = trade(BOUGHT, leg("S", "OPEN", sl=D(94), ex_ids=("9",)), sl=D(96))
    shown = presenter.trade_reply(told, None, NOW)
    assert (shown.sl_px, shown.sl_oid, shown.tp_oid, shown.protection) == (94.0, 9, None, "stop+soft_tp")
    assert shown.trailing


def test_a_bare_position_says_since_when() -> None:
    shown = presenter.trade_reply(trade(BOUGHT, bare_at=NOW - 2_500), None, NOW)
    assert (shown.protection, shown.unprotected_sec, shown.sl_oid) == ("none", 2.5, None)


def test_what_is_held_is_bought_less_fees_sales_and_adjustments() -> None:
    told = trade(replace(BOUGHT, fees=D("0.1")), replace(LIST, cum=D(3)), adj=D(2))
    assert presenter.held(told) == D("4.9")
    assert (presenter.bought(told), presenter.executed(told), presenter.executed(None)) == (D(10), D(13), D(0))


def test_the_entry_price_is_the_average_of_what_was_paid() -> None:
    other = leg("E", "CANCELED", cid="MT_2", cum=D(5), quote=D(530))
    assert presenter.entry_px(trade(BOUGHT, other)) == D(102)
    assert presenter.entry_px(trade(leg("E", "OPEN"))) is None


def test_a_limit_entry_shows_what_was_asked_and_what_was_filled() -> None:
    asked = replace(INTENT, ttl_at=INTENT.created_at + 5_400_000, rr="1:2", sl_pct=D(10), tp_pct=D(20))
    shown = presenter.entry_reply(trade(replace(PART, ex_ids=("5",)), intent=asked))
    assert (shown.entry_px, shown.size, shown.filled_size, shown.order_id) == (100.0, 10.0, 4.0, 5)
    assert (shown.sl_px, shown.tp_px, shown.sl_pct, shown.tp_pct, shown.rr) == (90.0, 120.0, 10.0, 20.0, "1:2")
    assert (shown.ttl_hours, shown.expires_at - shown.created_at) == (1.5, 5400)


def test_before_it_is_sent_an_entry_has_no_order() -> None:
    shown = presenter.entry_reply(trade(label="NONE"))
    assert (shown.order_id, shown.filled_size, shown.status) == (None, 0.0, "pending")


# --- what it is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (trade(PART), "pending"),
        (trade(leg("E", "CANCELED", cum=D(4), quote=D(396))), "filled"),
        (trade(leg("E", "CANCELED"), close_reason="cancel"), "cancelled"),
        (trade(leg("E", "CANCELED"), halt=True), "cancelled"),
        (trade(leg("E", "CANCELED")), "expired"),
        (trade(leg("E", "CANCELED"), close_reason="expired_unsent"), "expired"),
    ],
)
def test_status_of_a_limit_entry(told: Trade, status: str) -> None:
    assert presenter.entry_status(told) == status


@pytest.mark.parametrize(
    ("told", "least", "is_open"),
    [
        (trade(BOUGHT, LIST), D(10), True),
        (trade(BOUGHT, LIST), D(11), False),
        (trade(BOUGHT, LIST, label="DUST"), D(1), False),
        (trade(leg("E", "OPEN")), D(0), False),
    ],
)
def test_a_position_is_what_can_be_sold(told: Trade, least: Decimal, is_open: bool) -> None:
    assert presenter.is_open(told, least) is is_open


@pytest.mark.parametrize(
    ("told", "pending", "entering"),
    [
        (trade(label="NONE"), True, False),
        (trade(PART), True, False),
        (trade(BOUGHT), False, False),
        (market(label="NONE"), False, True),
        (market(leg("E", "SENT")), False, True),
        (market(BOUGHT), False, False),
        (market(label="FLAT"), False, False),
    ],
)
def test_a_limit_entry_waits_and_a_market_entry_is_in_flight(told: Trade, pending: bool, entering: bool) -> None:
    assert (presenter.is_pending(told), presenter.is_entering(told)) == (pending, entering)


@pytest.mark.parametrize(
    ("told", "at_stake"),
    [
        (trade(BOUGHT, LIST), True),
        (trade(leg("E", "UNKNOWN")), True),
        (trade(leg("E", "ABSENT")), True),
        (trade(PART), True),
        (trade(leg("E", "OPEN")), False),
        (trade(BOUGHT, label="DUST"), False),
    ],
)
def test_a_close_applies_to_what_is_held_or_may_be(told: Trade, at_stake: bool) -> None:
    assert presenter.is_at_stake(told) is at_stake


@pytest.mark.parametrize(
    ("told", "over"),
    [
        (trade(BOUGHT, leg("L", "FILLED", cum=D(10)), label="FLAT"), True),
        (trade(label="FLAT"), True),
        (trade(label="NONE"), False),
        (trade(BOUGHT, LIST), False),
        (trade(BOUGHT, leg("C", "SENT"), label="DUST"), False),  # its close may still come
    ],
)
def test_a_trade_is_over_when_nothing_is_held_and_no_order_lives(told: Trade, over: bool) -> None:
    assert presenter.is_over(told, D(1)) is over

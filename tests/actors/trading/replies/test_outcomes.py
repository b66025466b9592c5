"""What a trade earned and why it ended, worked out by hand; and the reply to the request for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.replies import outcomes
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import holding
from opentrader.domain.trading.lifecycle.records import Leg, Trade
from opentrader.domain.trading.venue import Fill, Side
from opentrader.errors import (
    EntryWithdrawn,
    ExchangeError,
    InsufficientBalance,
    NotReady,
    OpentraderError,
    OrderRejected,
    TradingHalted,
)
from tests.domain.trading.lifecycle.given import BOUGHT as FILLED
from tests.domain.trading.lifecycle.given import FILTERS, INTENT, NOW, D, leg, trade

BOUGHT = replace(FILLED, ex_ids=("buy",))
MARK = D(105)
AT = NOW - 10_000


def fill(side: Side, qty: int, px: int, fee: str, asset: str = "USDT", at: int = AT) -> Fill:
    return Fill(f"{side}{at}", side, side, D(qty), D(px), D(fee), asset, at)


def sold(kind: str, px: int, qty: int = 10, ex_ids: tuple[str, ...] = ("sell",), **fields: object) -> Leg:
    return leg(kind, "FILLED", cum=D(qty), quote=D(qty * px), ex_ids=ex_ids, **fields)


def row_of(told: Trade, *fills: Fill) -> ClosedTrade:
    row = outcomes.closed(told, fills, FILTERS, MARK, NOW)
    assert row is not None
    return row


def figures(row: ClosedTrade) -> tuple[Decimal, ...]:
    return row.size, row.entry_px, row.exit_px, row.pnl, row.pnl_pct, row.fees


# --- the row of the history --------------------------------------------------------------------------------------


def test_a_profit_is_what_came_in_less_what_was_paid_and_the_fees() -> None:
    told = trade(BOUGHT, sold("L", 120))
    row = row_of(told, fill("buy", 10, 100, "1"), fill("sell", 10, 120, "1.2", at=AT + 5_000))
    assert figures(row) == (D(10), D(100), D(120), D("197.8"), D("19.78"), D("2.2"))
    assert (row.exit_reason, row.opened_at, row.closed_at) == ("tp", (NOW - 30_000) // 1000, (AT + 5_000) // 1000)


def test_a_fee_in_coins_reduces_what_can_be_sold_and_the_dust_is_worth_nothing() -> None:
    """0.1 of 10 coins is the fee; 9 of 9.9 could be sold."""
    told = trade(replace(BOUGHT, fees=D("0.1")), sold("C", 110, 9), close_reason="close")
    row = row_of(told, fill("buy", 10, 100, "0.1", "BTC"), fill("sell", 9, 110, "0.99"))
    assert figures(row) == (D(10), D(100), D(110), D("-10.99"), D("-1.099"), D("10.99"))
    assert (row.fees_known, row.left_over) == (True, D("0.9"))


@pytest.mark.parametrize("fills", [(), (fill("buy", 4, 100, "1"), fill("sell", 4, 90, "1"))])
def test_where_fills_are_missing_the_orders_tell_the_amounts(fills: Sequence[Fill]) -> None:
    row = row_of(trade(BOUGHT, sold("L", 90)), *fills)
    assert (row.size, row.entry_px, row.exit_px) == (D(10), D(100), D(90))
    assert row.pnl == D(-100) - row.fees

    assert (row.fees_known, row.provisional) == (False, True)


def test_without_a_known_sale_the_trade_ends_when_it_is_found_closed() -> None:
    told = trade(BOUGHT, sold("L", 90))
    assert row_of(told).closed_at == row_of(told, fill("buy", 10, 100, "1")).closed_at == NOW // 1000
    taken = replace(trade(BOUGHT, sold("L", 90, qty=5)), adj=D(5))
    assert row_of(taken, fill("sell", 5, 90, "1")).closed_at == NOW // 1000


def test_an_entry_of_unknown_price_counts_at_the_intended_one() -> None:
    row = row_of(trade(replace(BOUGHT, quote=D(0)), sold("L", 120)))
    assert (row.entry_px, row.pnl) == (INTENT.px, D(200))


def test_what_came_without_an_order_is_never_exact_and_not_asked_for_again() -> None:
    row = row_of(trade(holding(INTENT, D(10)), sold("L", 120)), fill("sell", 10, 120, "1"))
    assert (row.fees_known, row.left_over, row.provisional) == (False, None, False)


def test_coins_that_went_without_an_order_of_ours_are_worth_nothing_and_reported() -> None:
    row = row_of(trade(BOUGHT, adj=D(10)), fill("buy", 10, 100, "1"))
    assert (row.exit_px, row.pnl, row.exit_reason) == (MARK, D(-1001), "external")
    assert (row.fees_known, row.left_over) == (True, D(10))


def test_nothing_bought_leaves_no_row() -> None:
    assert outcomes.closed(trade(leg("E", "CANCELED")), (), FILTERS, MARK, NOW) is None


def test_only_canceled_exits_are_listed_with_numbers_where_they_are_numbers() -> None:
    ended = leg("L", "CANCELED", ex_ids=("7", "x8"))
    row = row_of(trade(BOUGHT, ended, sold("S", 90, ex_ids=("9",))))
    assert row.cancelled_orders == (7, "x8")


@pytest.mark.parametrize(
    ("last", "asked", "px", "reason"),
    [
        (sold("L", 120), "", 120, "tp"),
        (sold("L", 89), "", 89, "sl"),
        (sold("S", 95, sl=D(95)), "", 95, "trailing"),
        (sold("L", 120), "close", 120, "tp"),  # the target was quicker than the request
        (sold("C", 100), "close", 100, "close"),
        (sold("C", 100), "closeall", 100, "closeall"),
        (sold("C", 89), "soft_stop", 89, "sl"),
        (sold("C", 121), "soft_tp", 121, "tp"),
        (sold("C", 99), "unprotectable", 99, "flattened"),
        (sold("C", 99), "dropped", 99, "orphan"),
    ],
)
def test_the_last_order_that_sold_tells_the_reason(last: Leg, asked: str, px: int, reason: str) -> None:
    told = trade(BOUGHT, last, close_reason=asked)
    assert outcomes.exit_reason(told, D(px), any_sold=True) == reason


def test_the_row_as_a_reply_has_the_same_figures() -> None:
    row = row_of(trade(BOUGHT, sold("L", 120)), fill("buy", 10, 100, "1"), fill("sell", 10, 120, "1.2"))
    reply = outcomes.closed_trade_reply(row)
    assert (reply.entry_px, reply.exit_px, reply.pnl, reply.fees) == (100.0, 120.0, 197.8, 2.2)
    assert (reply.exit_reason, reply.symbol, reply.direction) == ("tp", "BTCUSDT", "buy")
    assert (reply.fees_known, reply.left_over) == (True, 0.0)


# --- the reply to the request ------------------------------------------------------------------------------------


def market(*legs: Leg, **fields: object) -> Trade:
    return trade(*legs, intent=replace(INTENT, kind="market"), **fields)


def entered(told: Trade, row: ClosedTrade | None = None) -> object:
    return outcomes.entered(told, row, FILTERS.min_qty, MARK, NOW)


LIST, LIST_GONE = leg("L", "OPEN", ex_ids=("7", "8")), leg("L", "CANCELED", ex_ids=("7", "8"))


def test_a_market_entry_that_is_protected_is_opened() -> None:
    reply = entered(market(BOUGHT, LIST))
    assert isinstance(reply, messages.TradeOpened)
    assert (reply.trade.size, reply.trade.protection, reply.timestamp) == (10.0, "oco", NOW // 1000)


def test_a_limit_entry_is_pending_then_filled() -> None:
    waiting, done = entered(trade(leg("E", "OPEN"))), entered(trade(BOUGHT, LIST))
    assert isinstance(waiting, messages.ManualPlaced)
    assert isinstance(done, messages.ManualPlaced)
    assert (waiting.status, waiting.trade) == ("pending", None)
    assert done.status == "filled"
    assert done.trade is not None
    assert done.trade.entry_px == 100.0


CLOSED_BY = [
    (sold("L", 120, ex_ids=("7", "8")), "", "tp"),
    (sold("C", 99), "close", "close"),  # before it was protected
    (sold("C", 99), "closeall", "closeall"),
    (sold("C", 99, ex_ids=("9",)), "sell", "sell"),
]


@pytest.mark.parametrize(("last", "asked", "reason"), CLOSED_BY)
def test_a_position_that_is_closed_by_now_is_told_with_its_row_whoever_closed_it(
    last: Leg, asked: str, reason: str
) -> None:
    told = market(BOUGHT, last, label="FLAT", close_reason=asked)
    reply = entered(told, row_of(told))
    assert isinstance(reply, messages.TradeSold)
    assert (reply.status, reply.intent_id, reply.closed[0].exit_reason) == ("closed", INTENT.id, reason)


@pytest.mark.parametrize(("last", "asked", "reason"), CLOSED_BY)
def test_a_manual_entry_stays_filled_and_has_the_row_beside_it(last: Leg, asked: str, reason: str) -> None:
    told = trade(BOUGHT, last, label="FLAT", close_reason=asked)
    reply = entered(told, row_of(told))
    assert isinstance(reply, messages.ManualPlaced)
    assert (reply.status, reply.entry.status, reply.trade) == ("filled", "filled", None)
    assert reply.closed[0].exit_reason == reason


def test_what_was_protected_once_did_not_fail_to_be() -> None:
    told = market(BOUGHT, LIST_GONE, sold("C", 99), label="FLAT", close_reason="through")
    assert row_of(told).exit_reason == "flattened"
    assert isinstance(entered(told, row_of(told)), messages.TradeSold)


def test_a_position_that_is_neither_open_nor_booked_is_not_told_as_sold() -> None:
    with pytest.raises(ExchangeError, match="what became of the position in BTCUSDT is unknown"):
        entered(market(BOUGHT, adj=D(10), label="QUARANTINE", quar="unknown"))


@pytest.mark.parametrize(
    ("told", "error", "text"),
    [
        (market(label="FLAT"), EntryWithdrawn, "before it was sent"),
        (market(leg("E", "ABSENT")), ExchangeError, "did not receive"),
        (market(leg("E", "UNKNOWN")), ExchangeError, "outcome of the order is unknown"),
        (market(leg("E", "REJECTED", refused="gate", refusal="halted")), TradingHalted, "was not sent: halted"),
        (market(leg("E", "REJECTED", refused="late", refusal="too late")), NotReady, "was not sent: too late"),
        (market(leg("E", "REJECTED", refused="balance")), InsufficientBalance, "rejected the entry of BTCUSDT"),
        (market(leg("E", "REJECTED", refused="filter", refusal="LOT_SIZE")), OrderRejected, "BTCUSDT: LOT_SIZE"),
        (market(leg("E", "EXPIRED")), OrderRejected, "(expired) before anything was bought"),
    ],
)
def test_an_entry_without_a_position_raises_the_reason(told: Trade, error: type[OpentraderError], text: str) -> None:
    with pytest.raises(OpentraderError) as raised:
        entered(told)
    assert type(raised.value) is error
    assert text in str(raised.value)


def test_what_was_sold_again_is_told_with_its_price() -> None:
    told = market(BOUGHT, sold("C", 99), label="FLAT", close_reason="unprotectable")
    with pytest.raises(ExchangeError, match="bought at 100 but could not be protected") as raised:
        entered(told, row_of(told))
    assert raised.value.hint == "sold at 99; the history shows it as flattened"


@pytest.mark.parametrize(
    ("told", "never"),
    [
        (trade(label="FLAT"), True),
        (trade(label="NONE"), False),
        (trade(leg("E", "ABSENT")), True),
        (trade(leg("E", "REJECTED", refused="gate")), True),
        (trade(leg("E", "REJECTED", refused="late")), True),
        (trade(leg("E", "REJECTED", refused="balance")), False),
        (trade(leg("E", "UNKNOWN")), False),
        (trade(BOUGHT), False),
    ],
)
def test_only_an_entry_that_never_left_may_be_repeated(told: Trade, never: bool) -> None:
    assert outcomes.never_sent(told) is never

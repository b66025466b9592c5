"""What the snapshot of the trading actor tells: the account in money, and which pairs are taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opentrader.actors.trading.replies.presenter import trade_reply
from opentrader.actors.trading.replies.snapshot import (
    AccountReading,
    ShownTrades,
    SnapshotPositions,
    TradingSnapshot,
    portfolio,
)
from opentrader.domain.trading.ledger import Control
from opentrader.domain.trading.lifecycle.records import Leg, Trade
from opentrader.domain.trading.venue import Balance
from tests.domain.trading.lifecycle.given import BOUGHT, FILTERS, INTENT, NOW, D, leg, trade

OPEN = trade(BOUGHT, leg("L", "OPEN"))
WAITING = trade(leg("E", "OPEN"))
ACCOUNT = AccountReading(
    "USDT",
    {
        "USDT": Balance(D(700), D(300)),
        "SOL": Balance(D(1), D(4)),
        "BTC": Balance(D("0.5"), D(0)),
        "OLD": Balance(D(9), D(0)),
        "GONE": Balance(D(0), D(0)),
    },
    {"BTC": D(60_000), "SOL": D(150), "GONE": D(1)},
    NOW,
)


def renamed(told: Trade, pair: str, id: str = "T") -> Trade:
    return replace(told, intent=replace(told.intent, symbol=pair, id=id))


def market(*legs: Leg, **fields: object) -> Trade:
    return trade(*legs, intent=replace(INTENT, kind="market"), **fields)


def test_equity_is_cash_and_the_coins_with_a_price() -> None:
    assert ACCOUNT.equity == 1_000 + 30_000 + 750
    assert replace(ACCOUNT, balances={}).equity == 0


def test_the_portfolio_lists_every_coin_held_with_or_without_a_price() -> None:
    shown = portfolio(ACCOUNT, "paper", NOW // 1000)
    assert (shown.balance.total, shown.balance.free, shown.balance.locked) == (1_000.0, 700.0, 300.0)
    assert [(held.asset, held.total, held.value) for held in shown.holdings] == [
        ("BTC", 0.5, 30_000.0),
        ("OLD", 9.0, None),
        ("SOL", 5.0, 750.0),
    ]
    assert (shown.equity, shown.quote, shown.timestamp) == (31_750.0, "USDT", NOW // 1000)


def test_the_least_that_can_be_sold_depends_on_the_price() -> None:
    snapshot = TradingSnapshot(filters={"BTCUSDT": FILTERS}, marks={"BTCUSDT": D(2)})
    assert snapshot.least("BTCUSDT") == 5  # 10 USDT at 2
    assert replace(snapshot, marks={"BTCUSDT": D(100)}).least("BTCUSDT") == FILTERS.min_qty
    assert replace(snapshot, marks={}).least("BTCUSDT") == FILTERS.min_qty
    assert snapshot.least("SOLUSDT") == 0


def test_a_position_that_is_too_small_to_sell_is_not_open() -> None:
    snapshot = TradingSnapshot((OPEN,), filters={"BTCUSDT": FILTERS}, marks={"BTCUSDT": D("0.9")})
    assert snapshot.open_trades() == []
    assert replace(snapshot, marks={"BTCUSDT": D(1)}).open_trades() == [OPEN]


def test_trades_are_told_by_pair() -> None:
    other = renamed(OPEN, "SOLUSDT")
    snapshot = TradingSnapshot((OPEN, other, WAITING, market(leg("E", "SENT"))))
    assert (snapshot.open_trades(), snapshot.open_trades("SOLUSDT")) == ([OPEN, other], [other])
    assert (snapshot.entering("BTCUSDT"), snapshot.entering("SOLUSDT")) == ([snapshot.trades[3]], [])
    assert snapshot.pending() == [WAITING]


def test_open_trades_are_shown_oldest_first_with_those_restored_by_hand() -> None:
    young, old = renamed(OPEN, "BTCUSDT", "T2"), renamed(OPEN, "SOLUSDT", "T1")
    by_hand = replace(trade_reply(OPEN, None, NOW), id="T3", opened_at=1, verified=False)
    shown = TradingSnapshot((young, old, WAITING), (by_hand,), {"BTCUSDT": D(103)}).trade_replies(NOW)
    assert [(reply.id, reply.unrealized_pnl) for reply in shown] == [("T3", None), ("T1", None), ("T2", 30.0)]


def test_a_trade_is_shown_as_it_is_now_whatever_was_shown_before() -> None:
    bare = replace(OPEN, bare_at=NOW - 5_000)
    shown, rules = ShownTrades(), {"BTCUSDT": FILTERS}
    for trades, mark, filters, now in (
        ((OPEN,), D(103), rules, NOW),
        ((OPEN,), D(104), rules, NOW),
        ((OPEN, renamed(OPEN, "SOLUSDT", "T2")), D(104), rules, NOW),
        ((replace(OPEN, sl=D(99)),), D(104), rules, NOW),
        ((OPEN,), D("0.9"), rules, NOW),  # too little to sell
        ((OPEN,), D("0.9"), {}, NOW),
        ((bare,), D(103), rules, NOW),
        ((bare,), D(103), rules, NOW + 1_000),
        ((), D(103), rules, NOW),
    ):
        fresh = TradingSnapshot(trades, marks={"BTCUSDT": mark}, filters=filters)
        for _ in range(2):
            assert replace(fresh, shown=shown).trade_replies(now) == fresh.trade_replies(now)


def test_pending_entries_are_shown_in_the_order_of_their_ids() -> None:
    entries = TradingSnapshot((renamed(WAITING, "B", "T2"), OPEN, renamed(WAITING, "A", "T1"))).entry_replies()
    assert [entry.id for entry in entries] == ["T1", "T2"]


@pytest.mark.parametrize(
    ("snapshot", "held", "awaited"),
    [
        (TradingSnapshot(), False, False),
        (TradingSnapshot((OPEN,)), True, False),
        (TradingSnapshot((market(leg("E", "SENT")),)), True, False),
        (TradingSnapshot((WAITING,)), False, True),
        (TradingSnapshot((trade(leg("E", "OPEN", cum=D(4), quote=D(400))),)), True, True),
        (TradingSnapshot(restored=(trade_reply(OPEN, None, NOW),)), True, False),
        (TradingSnapshot((replace(OPEN, label="DUST"),)), False, False),
    ],
)
def test_a_pair_is_held_by_a_position_and_awaited_by_a_limit_entry(
    snapshot: TradingSnapshot, held: bool, awaited: bool
) -> None:
    positions = SnapshotPositions(lambda: snapshot)
    assert (positions.held("BTCUSDT"), positions.awaited("BTCUSDT")) == (held, awaited)
    assert (positions.held("SOLUSDT"), positions.awaited("SOLUSDT")) == (False, False)


@pytest.mark.parametrize(
    ("control", "halted"), [(Control(), False), (Control(halted=True), True), (Control(closeall_since=NOW), True)]
)
def test_entries_are_halted_by_a_halt_and_by_a_closeall(control: Control, halted: bool) -> None:
    positions = SnapshotPositions(lambda: TradingSnapshot(control=control, trades_today=2))
    assert (positions.halted(), positions.trades_today()) == (halted, 2)


def test_positions_are_those_of_the_latest_snapshot() -> None:
    snapshots = [TradingSnapshot(), TradingSnapshot((OPEN,))]
    positions = SnapshotPositions(lambda: snapshots[-1])
    assert positions.held("BTCUSDT")
    snapshots.append(TradingSnapshot())
    assert not positions.held("BTCUSDT")

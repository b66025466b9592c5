"""Whatever is ordered and wherever the price goes: nothing appears, nothing is lost, nothing is sold twice."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.symbols import Listing
from opentrader.domain.trading.exchange import ListLeg, NewList, NewOrder
from opentrader.exchange.paper.matching.account import Account
from opentrader.exchange.paper.matching.book import Depth
from opentrader.exchange.paper.matching.engine import Matching, Rates
from opentrader.exchange.paper.matching.fees import Fees
from opentrader.exchange.paper.matching.filters import usual_filters
from opentrader.exchange.paper.matching.order_entry import OrderEntry
from opentrader.exchange.paper.matching.orders import AT_MARKET, BUYING_MARGIN
from opentrader.exchange.refusals import Refusal

D = Decimal
FILTERS = usual_filters(Listing("BTC", "USDT"), D(100), D("0.001"))
INITIAL = {"USDT": D(5_000), "BTC": D(20), "BNB": D("0.01")}
PENNIES = st.integers(8_000, 12_000)
QUANTITIES = st.integers(1, 1_500_000)
SIDES = st.sampled_from(["buy", "sell"])
KINDS = ["MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
TIMES_IN_FORCE = st.sampled_from(["GTC", "GTC", "IOC", "FOK"])
ORDERS = st.tuples(st.just("order"), SIDES, st.sampled_from(KINDS), QUANTITIES, PENNIES, PENNIES, TIMES_IN_FORCE)
LEGS = st.tuples(st.sampled_from(["LIMIT_MAKER", *KINDS[3:]]), PENNIES, PENNIES)
LISTS = st.tuples(st.just("list"), SIDES, QUANTITIES, LEGS, LEGS)
CANCELS = st.tuples(st.just("cancel"), st.integers(0, 30))
REPLACEMENTS = st.tuples(st.just("replace"), st.integers(0, 30), ORDERS)
CANDLES = st.tuples(st.just("candle"), st.tuples(PENNIES, PENNIES, PENNIES, PENNIES))
STREAMS = st.lists(st.one_of(ORDERS, LISTS, CANCELS, REPLACEMENTS, CANDLES, CANDLES), max_size=40)
DEPTHS = [Depth(level_notional=D(150), levels=4, spacing=D("0.004")), Depth()]
FEES = [Fees(), Fees(in_bnb=True)]


class Stream:
    """Carries a random stream of requests and candles out in one account."""

    def __init__(self, depth: Depth, fees: Fees) -> None:
        self.account = Account(INITIAL)
        self.matching = Matching(self.account, Rates(depth, fees), lambda quote, at: D(50))
        self.last, self.at, self.number = D(100), 0, 0

    def step(self, what: str, *rest: Any) -> None:
        self.at += 1
        with suppress(Refusal):
            getattr(self, what)(*rest)

    def entry(self) -> OrderEntry:
        return OrderEntry(self.matching, FILTERS, self.last, self.at)

    def cid(self) -> str:
        self.number += 1
        return f"c{self.number}"

    def new(self, side: str, kind: str, qty: int, px: int, stop: int, force: str) -> NewOrder:
        leg = self.leg((kind, px, stop))
        in_force = force if leg.px is not None and kind != "LIMIT_MAKER" else "GTC"
        amount = D(qty) / 100_000
        return NewOrder(leg.cid, "BTCUSDT", side, kind, amount, self.at, leg.px, leg.stop_px, in_force)  # type: ignore[arg-type]  # words that the strategies draw from the literals

    def leg(self, described: tuple[Any, int, int]) -> ListLeg:
        kind, px, stop = described
        limit = None if kind in AT_MARKET else D(px) / 100
        return ListLeg(self.cid(), kind, limit, D(stop) / 100 if kind in KINDS[3:] else None)

    def order(self, *described: Any) -> None:
        self.entry().place(self.new(*described))

    def list(self, side: Any, qty: int, above: Any, below: Any) -> None:
        legs = self.leg(above), self.leg(below)
        self.entry().place_list(NewList(self.cid(), "BTCUSDT", side, D(qty) / 100_000, *legs, self.at))

    def cancel(self, which: int) -> None:
        self.entry().cancel(f"c{which}")

    def replace(self, which: int, order: Any) -> None:
        self.entry().replace(f"c{which}", self.new(*order[1:]))

    def candle(self, pennies: tuple[int, int, int, int]) -> None:
        opened, closed = pennies[0] / 100, pennies[1] / 100
        row = np.array([self.at, opened, max(pennies) / 100, min(pennies) / 100, closed, 1.0])
        self.matching.pass_candle(row, 60_000, FILTERS)
        self.last = D(pennies[1]) / 100

    # --- what must hold after every step

    def check(self) -> None:
        self.check_totals()
        self.check_orders()
        self.check_lists()

    def check_totals(self) -> None:
        expected = defaultdict(D, INITIAL)
        for trade in self.account.new_trades:
            for asset, amount in trade.effects():
                expected[asset] += amount
        assert dict(self.account.totals) == dict(expected)
        for asset, held in self.account.balances().items():
            assert held.free >= 0, asset
            assert held.locked >= 0, asset

    def check_orders(self) -> None:
        for order in self.account.changed_orders.values():
            trades = [one for one in self.account.new_trades if one.order_id == order.id]
            assert order.cum == sum(one.qty for one in trades) <= order.qty
            assert order.quote_cum == sum(one.qty * one.px for one in trades)
            assert order.open == (order.closed_at is None)
            assert (order.status == "FILLED") == (order.rest == 0)
            assert not (order.open and order.type == "MARKET")
            for one in trades:
                assert one.px % FILTERS.tick == 0
                assert one.qty % FILTERS.step == 0
                assert acceptable(order, one.px)

    def check_lists(self) -> None:
        for one in self.account.new_lists:
            legs = self.account.legs(one)
            worked = [leg for leg in legs if leg.cum or leg.triggered_at is not None]
            assert len(worked) <= 1
            if worked:
                [other] = [leg for leg in legs if leg is not worked[0]]
                assert other.status == "EXPIRED"


def acceptable(order: Any, px: Decimal) -> bool:
    """No fill is worse than what the order allows."""
    if order.side == "sell":
        return order.px is None or px >= order.px
    if order.px is None:
        return order.stop_px is None or px <= order.stop_px * BUYING_MARGIN
    return bool(px <= order.px)


@pytest.mark.parametrize("fees", FEES, ids=["received", "bnb"])
@pytest.mark.parametrize("depth", DEPTHS, ids=["thin", "deep"])
@given(STREAMS)
def test_every_stream_of_orders(depth: Depth, fees: Fees, steps: list[Any]) -> None:
    stream = Stream(depth, fees)
    for step in steps:
        stream.step(*step)
        stream.check()


@given(STREAMS)
def test_the_same_stream_ends_the_same(steps: list[Any]) -> None:
    first, second = Stream(DEPTHS[0], FEES[0]), Stream(DEPTHS[0], FEES[0])
    for step in steps:
        first.step(*step)
        second.step(*step)
    assert first.account.new_trades == second.account.new_trades
    assert first.account.changed_orders == second.account.changed_orders


def test_the_streams_do_trade() -> None:
    """That the properties above are not empty: a stream of every kind that ends in fills of both sides."""
    stream = Stream(DEPTHS[0], FEES[0])
    stream.step("order", "buy", "MARKET", 200_000, 0, 0, "GTC")
    stream.step("list", "sell", 100_000, ("LIMIT_MAKER", 10_500, 0), ("STOP_LOSS", 0, 9_500))
    stream.step("candle", (10_000, 10_000, 9_400, 10_100))
    stream.check()
    assert [trade.side for trade in stream.account.new_trades] == ["buy", "buy", "sell"]

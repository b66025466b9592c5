"""Candles of several symbols are replayed in the order of their ends, those without an order's touch skipped."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from opentrader.exchange.paper.matching.account import Account
from opentrader.exchange.paper.matching.engine import Matching, Rates
from opentrader.exchange.paper.matching.price_path import Path
from opentrader.exchange.paper.matching.replay import BnbPrices, pass_paths
from tests.exchange.paper.matching.given import FILTERS, D, order


def path(*closes: float, step: int = 60_000) -> Path:
    rows = [[number * step, px, px, px, px, 1.0] for number, px in enumerate(closes)]
    return Path(np.array(rows), step)


def matching() -> Matching:
    account = Account({"BTC": D(20)}, [order(1, "sell", "STOP_LOSS", stop=95)])
    return Matching(account, Rates(), lambda quote, at: None)


def test_a_stop_leaves_in_the_candle_that_reaches_it() -> None:
    found = matching()
    pass_paths(found, {"BTCUSDT": path(100, 99, 90, 120)}, {"BTCUSDT": FILTERS})
    (sale, *_) = found.account.new_trades
    assert 2 * 60_000 <= sale.at < 3 * 60_000
    assert sale.px <= 90
    assert not found.account.open_orders()


def test_a_path_that_touches_nothing_changes_nothing() -> None:
    found = matching()
    pass_paths(found, {"BTCUSDT": path(100, 101, 102)}, {"BTCUSDT": FILTERS})
    assert not found.account.changed_orders


def test_a_period_may_be_split_anywhere() -> None:
    whole, split = matching(), matching()
    full = path(100, 99, 90, 120)
    pass_paths(whole, {"BTCUSDT": full}, {"BTCUSDT": FILTERS})
    for part in (full.rows[:2], full.rows[2:]):
        pass_paths(split, {"BTCUSDT": Path(part, full.step)}, {"BTCUSDT": FILTERS})
    assert split.account.new_trades == whole.account.new_trades


def test_the_price_of_bnb_is_the_last_known() -> None:
    prices = BnbPrices({"USDT": path(300, 310)}, {"USDT": Decimal(290)})
    assert [prices("USDT", at) for at in (0, 60_000, 10**9)] == [290, 300, 310]
    assert prices("EUR", 0) is None

"""What an account holds, and what its open orders lock of that."""

from __future__ import annotations

from dataclasses import replace

from opentrader.exchange.paper.matching.account import Account
from opentrader.exchange.paper.matching.fees import Commission
from opentrader.exchange.paper.matching.orders import PaperList
from tests.exchange.paper.matching.given import D, order

HELD = {"BTC": D(30), "USDT": D(5000)}


def test_a_bid_locks_its_cost_and_an_offer_its_coins() -> None:
    account = Account(HELD, [order(1, "buy", "LIMIT", px=90), order(2, "sell", "LIMIT", px=110)])
    assert (account.locked("USDT"), account.locked("BTC")) == (900, 10)
    assert (account.free("USDT"), account.free("BTC")) == (4100, 20)
    assert account.balances()["BTC"].locked == 10


def test_the_two_orders_of_a_list_lock_once() -> None:
    legs = [order(1, "sell", "STOP_LOSS", stop=90, list_id=7), order(2, "sell", "LIMIT_MAKER", px=110, list_id=7)]
    account = Account(HELD, legs, [PaperList(7, "l", "BTCUSDT", 1, 2, 1)])
    assert account.locked("BTC") == 10
    assert account.sibling(legs[0]) == legs[1]
    assert account.legs(account.open_lists("BTCUSDT")[0]) == tuple(legs)


def test_what_is_closed_locks_nothing_and_is_found_no_more() -> None:
    account = Account(HELD, [order(1, "sell", "LIMIT", px=110)])
    account.put(replace(account.order(1), status="CANCELED"))
    assert account.locked("BTC") == 0
    assert account.open_orders() == []
    assert account.by_cid("BTCUSDT", "c1") is None
    assert account.changed_orders.keys() == {1}


def test_a_fill_moves_coins_money_and_the_fee() -> None:
    account = Account(HELD, last_trade=41)
    trade = account.book(order(1, "buy", "LIMIT", px=100), D(2), D(100), Commission("BTC", D("0.01")), at=5)
    assert (trade.id, account.new_trades) == (42, [trade])
    assert (account.totals["BTC"], account.totals["USDT"]) == (D("31.99"), 4800)


def test_numbers_go_on_from_the_last() -> None:
    account = Account({}, last_order=4, last_list=9)
    assert (account.next_order(), account.next_order(), account.next_list()) == (5, 6, 10)

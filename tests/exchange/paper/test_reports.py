"""What the port reports of the paper exchange's own orders, lists and fills."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from opentrader.exchange.paper.matching.orders import PaperFill, PaperList
from opentrader.exchange.paper.reports import fill_report, list_report, order_report
from tests.exchange.paper.matching.given import D, order


def fill(id: int, qty: int, fee: str, asset: str) -> PaperFill:
    return PaperFill(id, 1, "BTCUSDT", "BTC", "USDT", "buy", D(qty), D(100), Decimal(fee), asset, 9)


def test_an_order_carries_the_fees_of_its_trades_by_asset() -> None:
    trades = [fill(1, 3, "0.003", "BTC"), fill(2, 4, "0.004", "BTC"), fill(3, 1, "0.1", "BNB")]
    report = order_report(order(1, "buy", "LIMIT", px=100, cum=D(8), quote_cum=D(800)), trades)
    assert dict(report.fees) == {"BTC": D("0.007"), "BNB": D("0.1")}
    assert (report.covered, report.cum, report.ex_id, report.list_id) == (8, 8, "1", "")


def test_a_stop_limit_is_triggered_once_its_price_was_reached() -> None:
    waiting = order(1, "sell", "STOP_LOSS_LIMIT", px=94, stop=95, list_id=3)
    assert not order_report(waiting).triggered
    assert order_report(replace(waiting, triggered_at=5)).triggered
    assert order_report(waiting).list_id == "3"


def test_a_list_is_executing_while_one_of_its_orders_is_open() -> None:
    stop, target = order(1, "sell", "STOP_LOSS", stop=95), order(2, "sell", "LIMIT_MAKER", px=110)
    one = PaperList(7, "l", "BTCUSDT", 1, 2, 1)
    assert list_report(one, stop, replace(target, status="EXPIRED")).executing
    assert not list_report(one, replace(stop, status="FILLED"), replace(target, status="EXPIRED")).executing


def test_a_fill_names_the_order_by_the_number_of_the_exchange() -> None:
    report = fill_report(fill(5, 2, "0.002", "BTC"))
    assert (report.trade_id, report.order_ex_id, report.qty, report.fee, report.at) == ("5", "1", 2, D("0.002"), 9)

"""Orders, lists and fills of the paper exchange as values of the port."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import cast

from opentrader.domain.trading.venue import ZERO, Fill, Order, OrderList, OrderType
from opentrader.exchange.paper.matching.orders import PaperFill, PaperList, PaperOrder


def order_report(order: PaperOrder, trades: Iterable[PaperFill] = ()) -> Order:
    """With the fees of `trades` if the response carries them; a lookup does not."""
    fees: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    covered = ZERO
    for trade in trades:
        fees[trade.fee_asset] += trade.fee
        covered += trade.qty
    return Order(
        cid=order.cid,
        ex_id=str(order.id),
        side=order.side,
        type=cast(OrderType, order.type),
        status=order.status,
        qty=order.qty,
        cum=order.cum,
        quote_cum=order.quote_cum,
        px=order.px,
        stop_px=order.stop_px,
        fees=tuple(fees.items()),
        covered=covered,
        list_id=str(order.list_id) if order.list_id else "",
        triggered=order.triggered_at is not None and order.px is not None,
        created_at=order.created_at,
        updated_at=order.updated_at,
    )


def list_report(one: PaperList, stop: PaperOrder, target: PaperOrder) -> OrderList:
    executing = stop.open or target.open
    return OrderList(one.cid, str(one.id), executing, order_report(stop), order_report(target))


def fill_report(trade: PaperFill) -> Fill:
    return Fill(
        trade_id=str(trade.id),
        order_ex_id=str(trade.order_id),
        side=trade.side,
        qty=trade.qty,
        px=trade.px,
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        at=trade.at,
        rate=trade.rate,
    )

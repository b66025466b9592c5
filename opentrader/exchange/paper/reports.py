"""What the paper exchange tells of its orders, in the words of the port."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import cast

from opentrader.domain.trading.venue import ZERO, Fill, Order, OrderList, OrderType
from opentrader.exchange.paper.matching.orders import PaperFill, PaperList, PaperOrder


def order_report(order: PaperOrder, trades: Iterable[PaperFill] = ()) -> Order:
    """With the fees of `trades`, where the answer carries them; a look-up does not."""
    fees: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    covered = ZERO
    for trade in trades:
        fees[trade.fee_asset] += trade.fee
        covered += trade.qty
    return Order(
        order.cid,
        str(order.id),
        order.side,
        cast(OrderType, order.type),
        order.status,
        order.qty,
        order.cum,
        order.quote_cum,
        order.px,
        order.stop_px,
        tuple(fees.items()),
        covered,
        str(order.list_id) if order.list_id else "",
        order.triggered_at is not None and order.px is not None,
        order.created_at,
        order.updated_at,
    )


def list_report(one: PaperList, stop: PaperOrder, target: PaperOrder) -> OrderList:
    executing = stop.open or target.open
    return OrderList(one.cid, str(one.id), executing, order_report(stop), order_report(target))


def fill_report(trade: PaperFill) -> Fill:
    return Fill(
        str(trade.id), str(trade.order_id), trade.side, trade.qty, trade.px, trade.fee, trade.fee_asset, trade.at
    )

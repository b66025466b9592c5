"""Reads of the ledger, current or past: a venue with replica lag shows an earlier state.

Past states are not stored. They follow from the timestamps of orders and trades: later changes are undone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from apsw import Connection

from opentrader.domain.copies import copied
from opentrader.domain.trading.exchange import OrderNotFound
from opentrader.domain.trading.venue import ZERO, Balance, Fill, Order, OrderList
from opentrader.exchange.paper.ledger.ledger import select, totals, transfers
from opentrader.exchange.paper.matching.account import Account
from opentrader.exchange.paper.matching.orders import PaperFill, PaperList, PaperOrder
from opentrader.exchange.paper.reports import fill_report, list_report, order_report
from opentrader.exchange.refusals import NO_SUCH_LIST, NO_SUCH_ORDER


class LedgerRecords:
    """The reads of the port over one state of the ledger, as of `at`; None means the current state."""

    def __init__(self, connection: Connection, at: int | None) -> None:
        self._connection, self._at = connection, at

    def order(self, symbol: str, cid: str) -> Order:
        orders = self._orders("symbol = ? AND cid = ?", symbol, cid)
        if not orders:
            raise OrderNotFound(NO_SUCH_ORDER, venue_code=-2013)
        return order_report(orders[-1])

    def order_list(self, symbol: str, cid: str) -> OrderList:
        lists = self._lists("symbol = ? AND cid = ?", symbol, cid)
        if not lists:
            raise OrderNotFound(NO_SUCH_LIST, venue_code=-2018)
        return self._list_report(lists[-1])

    def open_orders(self, symbol: str | None = None) -> list[PaperOrder]:
        """Of one symbol, or of all symbols."""
        of_symbol, values = ("", ()) if symbol is None else ("symbol = ? AND ", (symbol,))
        if self._at is None:
            ids = f"SELECT id FROM orders WHERE {of_symbol}status = 'OPEN'"  # noqa: S608 - no outside text
            return select(self._connection, PaperOrder, f"id IN ({ids})", *values)
        orders = self._orders(f"{of_symbol}(status = 'OPEN' OR closed_at > ?)", *values, self._at)
        return [one for one in orders if one.open]

    def open_lists(self) -> tuple[OrderList, ...]:
        ids = sorted({one.list_id for one in self.open_orders()} - {0})
        lists = [one for list_id in ids for one in self._lists("id = ?", list_id)]
        return tuple(self._list_report(one) for one in lists)

    def orders(self, symbol: str, since: int) -> tuple[Order, ...]:
        return tuple(map(order_report, self._orders("symbol = ? AND created_at >= ?", symbol, since)))

    def fills(self, symbol: str, since: int) -> tuple[Fill, ...]:
        trades = select(self._connection, PaperFill, "symbol = ? AND at >= ?", symbol, since)
        return tuple(fill_report(one) for one in trades if self._at is None or one.at <= self._at)

    def balances(self) -> dict[str, Balance]:
        amounts = totals(self._connection) if self._at is None else self._totals(self._at)
        return Account(amounts, self.open_orders()).balances()

    def _orders(self, where: str, *values: object) -> list[PaperOrder]:
        orders = select(self._connection, PaperOrder, where, *values)
        if self._at is None:
            return orders
        return [was for one in orders if (was := rewound(one, self._later_trades(one), self._at))]

    def _lists(self, where: str, *values: object) -> list[PaperList]:
        lists = select(self._connection, PaperList, where, *values)
        return [one for one in lists if self._at is None or one.created_at <= self._at]

    def _list_report(self, one: PaperList) -> OrderList:
        stop, target = (self._orders("id = ?", order_id)[0] for order_id in (one.stop_id, one.target_id))
        return list_report(one, stop, target)

    def _later_trades(self, order: PaperOrder) -> list[PaperFill]:
        return select(self._connection, PaperFill, "order_id = ? AND at > ?", order.id, self._at)

    def _totals(self, at: int) -> dict[str, Decimal]:
        amounts = defaultdict(lambda: ZERO, totals(self._connection))
        for asset, amount, moved_at in transfers(self._connection):
            amounts[asset] -= amount if moved_at > at else ZERO
        for trade in select(self._connection, PaperFill, "at > ?", at):
            for asset, amount in trade.effects():
                amounts[asset] -= amount
        return amounts


def rewound(order: PaperOrder, later: Iterable[PaperFill], at: int) -> PaperOrder | None:
    """The order as of an instant, given its later trades; None if it did not exist yet."""
    if order.created_at > at:
        return None
    trades = list(later)
    closed_later = order.closed_at is not None and order.closed_at > at
    triggered_later = order.triggered_at is not None and order.triggered_at > at
    return copied(
        order,
        cum=order.cum - sum((trade.qty for trade in trades), ZERO),
        quote_cum=order.quote_cum - sum((trade.qty * trade.px for trade in trades), ZERO),
        status="OPEN" if closed_later else order.status,
        closed_at=None if closed_later else order.closed_at,
        triggered_at=None if triggered_later else order.triggered_at,
        updated_at=min(order.updated_at, at),
    )

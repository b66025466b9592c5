"""The account during one request: its totals, its open orders, and the changes so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from opentrader.domain.trading.venue import ZERO, Balance
from opentrader.exchange.paper.matching.fees import Commission
from opentrader.exchange.paper.matching.orders import PaperFill, PaperList, PaperOrder, need


class Account:
    """Loaded for one request and discarded after it; `changed_orders`, `new_lists` and `new_trades` must be stored.

    Only totals are stored. Locked amounts follow from the open orders, so the two cannot disagree.
    """

    def __init__(
        self,
        totals: Mapping[str, Decimal],
        open_orders: Iterable[PaperOrder] = (),
        lists: Iterable[PaperList] = (),
        *,
        last_order: int = 0,
        last_list: int = 0,
        last_trade: int = 0,
    ) -> None:
        self.totals = defaultdict(lambda: ZERO, totals)
        self.changed_orders: dict[int, PaperOrder] = {}
        self.new_lists: list[PaperList] = []
        self.new_trades: list[PaperFill] = []
        self._orders = {order.id: order for order in open_orders}
        self._lists = {one.id: one for one in lists}
        self._last_order, self._last_list, self._last_trade = last_order, last_list, last_trade

    # --- questions

    def open_orders(self, symbol: str | None = None) -> list[PaperOrder]:
        """Oldest first; of one symbol, or of all symbols."""
        return [one for one in self._orders.values() if one.open and symbol in {None, one.symbol}]

    def order(self, order_id: int) -> PaperOrder:
        return self._orders[order_id]

    def by_cid(self, symbol: str, cid: str) -> PaperOrder | None:
        """The open order with this client id."""
        return next((one for one in self.open_orders(symbol) if one.cid == cid), None)

    def list_by_cid(self, symbol: str, cid: str) -> PaperList | None:
        """The executing list with this client id."""
        return next((one for one in self.open_lists(symbol) if one.cid == cid), None)

    def open_lists(self, symbol: str) -> list[PaperList]:
        open_ids = {one.list_id for one in self.open_orders(symbol)}
        return [one for one in self._lists.values() if one.id in open_ids]

    def sibling(self, order: PaperOrder) -> PaperOrder | None:
        """The other order of its list, if it is open."""
        others = (one for one in self.open_orders(order.symbol) if one.list_id == order.list_id != 0)
        return next((one for one in others if one.id != order.id), None)

    def legs(self, one: PaperList) -> tuple[PaperOrder, PaperOrder]:
        """Stop and target."""
        return self._orders[one.stop_id], self._orders[one.target_id]

    def locked(self, asset: str) -> Decimal:
        """The amount of an asset that open orders may spend."""
        return _needed(order for order in self.open_orders() if order.pays == asset)

    def free(self, asset: str) -> Decimal:
        return self.totals[asset] - self.locked(asset)

    def balances(self) -> dict[str, Balance]:
        """Balances of every asset ever held."""
        paying = defaultdict[str, list[PaperOrder]](list)
        for order in self.open_orders():
            paying[order.pays].append(order)
        locked = {asset: _needed(orders) for asset, orders in paying.items()}
        return {
            asset: Balance(total - locked.get(asset, ZERO), locked.get(asset, ZERO))
            for asset, total in self.totals.items()
        }

    # --- changes

    def next_order(self) -> int:
        self._last_order += 1
        return self._last_order

    def next_list(self) -> int:
        self._last_list += 1
        return self._last_list

    def put(self, order: PaperOrder) -> PaperOrder:
        """Record a new order, or the new state of an order."""
        self._orders[order.id] = self.changed_orders[order.id] = order
        return order

    def put_list(self, one: PaperList) -> None:
        self._lists[one.id] = one
        self.new_lists.append(one)

    def book(self, order: PaperOrder, qty: Decimal, px: Decimal, fee: Commission, at: int) -> PaperFill:
        """Record a fill and its effects on the totals."""
        self._last_trade += 1
        facts = (order.symbol, order.base, order.quote, order.side, qty, px, fee.amount, fee.asset, at, fee.rate)
        trade = PaperFill(self._last_trade, order.id, *facts)
        for name, change in trade.effects():
            self.totals[name] += change
        self.new_trades.append(trade)
        return trade


def _needed(orders: Iterable[PaperOrder]) -> Decimal:
    """What these orders lock of the asset that they pay. The two orders of a list lock once: only one can trade."""
    needs: dict[tuple[int, int], Decimal] = {}
    for order in orders:
        key = (order.list_id, 0 if order.list_id else order.id)
        needs[key] = max(needs.get(key, ZERO), need(order))
    return sum(needs.values(), ZERO)

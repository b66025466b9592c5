"""Order entry: validates a request as the venue does, then passes it to the matching engine.

Every method raises `Refusal` before it changes anything, except `replace`, whose two halves succeed or fail separately.
"""

from __future__ import annotations

from decimal import Decimal

from opentrader.domain.trading.exchange import ListLeg, NewList, NewOrder
from opentrader.domain.trading.venue import ZERO, Filters
from opentrader.exchange.paper.matching.book import Book
from opentrader.exchange.paper.matching.engine import Matching, wanted
from opentrader.exchange.paper.matching.filters import check_list, check_order
from opentrader.exchange.paper.matching.orders import CONTINGENT, PaperList, PaperOrder, need, reached
from opentrader.exchange.refusals import (
    DUPLICATE,
    INSUFFICIENT_BALANCE,
    PRICE_RELATION,
    UNKNOWN_LIST,
    UNKNOWN_ORDER,
    WOULD_TAKE,
    WOULD_TRIGGER,
    Refusal,
)

PARTLY_FAILED = (-2021, "Order cancel-replace partially failed.")
FAILED = (-2022, "Order cancel-replace failed.")


class OrderEntry:
    """Order entry of one symbol at one instant and one last price."""

    def __init__(self, matching: Matching, filters: Filters, last: Decimal, now_ms: int) -> None:
        self._matching, self._filters = matching, filters
        self._account = matching.account
        self._last, self._now_ms = last, now_ms

    def place(self, new: NewOrder) -> PaperOrder:
        """Place an order; returns its state after matching."""
        self._check(new)
        return self._enter(new)

    def place_list(self, new: NewList) -> PaperList:
        above, below = self._order_of(new, new.above), self._order_of(new, new.below)
        check_list(new, (above, below), self._filters, self._last)
        self._check_counts((above, below), lists=1)
        if self._account.list_by_cid(new.symbol, new.cid):
            raise Refusal(-2010, DUPLICATE)
        self._check_unused(above.cid, below.cid)
        if not _price_of(below) < self._last < _price_of(above):
            raise Refusal(-2010, PRICE_RELATION)
        list_id = self._account.next_list()
        below_order, above_order = self._draft(below, list_id), self._draft(above, list_id)
        self._check_funds(max(need(below_order), need(above_order)), below_order.pays)
        stop, target = (below_order, above_order) if new.side == "sell" else (above_order, below_order)
        for order in (stop, target):
            self._account.put(order)
        made = PaperList(
            id=list_id, cid=new.cid, symbol=new.symbol, stop_id=stop.id, target_id=target.id, created_at=self._now_ms
        )
        self._account.put_list(made)
        return made

    def cancel(self, cid: str) -> PaperOrder:
        order = self._account.by_cid(self._filters.symbol, cid)
        if order is None:
            raise Refusal(-2011, UNKNOWN_ORDER)
        self._matching.cancel(order, self._now_ms)
        return self._account.order(order.id)

    def cancel_list(self, cid: str) -> PaperList:
        found = self._account.list_by_cid(self._filters.symbol, cid)
        if found is None:
            raise Refusal(-2011, UNKNOWN_LIST)
        for order in self._account.legs(found):
            if order.open:
                self._matching.cancel(order, self._now_ms)
        return found

    def replace(self, cancel_cid: str, new: NewOrder) -> PaperOrder | Refusal:
        """STOP_ON_FAILURE. Returns the refusal when the old order is canceled and the new one refused; else raises it.

        Filters and counts are checked before anything changes, as the venue does.
        """
        self._check(new)
        try:
            self.cancel(cancel_cid)
        except Refusal:
            raise Refusal(*FAILED) from None
        try:
            return self._enter(new)
        except Refusal:
            return Refusal(*PARTLY_FAILED)

    def _check(self, new: NewOrder) -> None:
        check_order(new, self._filters, self._last)
        self._check_counts((new,))

    def _check_counts(self, new: tuple[NewOrder, ...], *, lists: int = 0) -> None:
        filters, open_orders = self._filters, self._account.open_orders(self._filters.symbol)
        resting = [one for one in new if one.type != "MARKET"]
        stops = sum(one.type in CONTINGENT for one in resting)
        stops_open = sum(one.type in CONTINGENT for one in open_orders)
        lists_open = len(self._account.open_lists(filters.symbol))
        for added, already, most, name in (
            (len(resting), len(open_orders), filters.max_orders, "MAX_NUM_ORDERS"),
            (stops, stops_open, filters.max_stops, "MAX_NUM_ALGO_ORDERS"),
            (lists, lists_open, filters.max_lists, "MAX_NUM_ORDER_LISTS"),
        ):
            if added and added + already > most:
                raise Refusal(-2010, f"Filter failure: {name}")

    def _enter(self, new: NewOrder) -> PaperOrder:
        """The checks of the matching engine itself; then the order is accepted."""
        self._check_unused(new.cid)
        order, book = self._draft(new), Book(self._last, self._filters, self._matching.rates.depth)
        if order.waiting and reached(order, self._last):
            raise Refusal(-2010, WOULD_TRIGGER)
        if order.type == "LIMIT_MAKER" and wanted(order, book):
            raise Refusal(-2010, WOULD_TAKE)
        self._check_funds(_cost(order, book), order.pays)
        self._account.put(order)
        return order if order.waiting else self._matching.take(order, book, self._now_ms)

    def _check_unused(self, *cids: str) -> None:
        if any(self._account.by_cid(self._filters.symbol, cid) for cid in cids):
            raise Refusal(-2010, DUPLICATE)

    def _check_funds(self, amount: Decimal, asset: str) -> None:
        if amount > self._account.free(asset):
            raise Refusal(-2010, INSUFFICIENT_BALANCE)

    def _draft(self, new: NewOrder, list_id: int = 0) -> PaperOrder:
        filters, now = self._filters, self._now_ms
        return PaperOrder(
            id=self._account.next_order(),
            list_id=list_id,
            cid=new.cid,
            symbol=new.symbol,
            base=filters.base,
            quote=filters.quote,
            side=new.side,
            type=new.type,
            qty=new.qty,
            px=new.px,
            stop_px=new.stop_px,
            time_in_force=new.time_in_force,
            created_at=now,
            updated_at=now,
        )

    def _order_of(self, new: NewList, leg: ListLeg) -> NewOrder:
        return NewOrder(
            cid=leg.cid,
            symbol=new.symbol,
            side=new.side,
            type=leg.type,
            qty=new.qty,
            sent_at=new.sent_at,
            px=leg.px,
            stop_px=leg.stop_px,
        )


def _price_of(order: NewOrder) -> Decimal:
    """The price that is compared to the last price: the trigger, or the limit of an order without one."""
    price = order.stop_px or order.px
    assert price is not None, "a checked order has one"
    return price


def _cost(order: PaperOrder, book: Book) -> Decimal:
    """The amount that an incoming order may spend; for a market order, the cost in the current book."""
    if order.type == "MARKET" and order.side == "buy":
        return sum((px * qty for px, qty in wanted(order, book)), ZERO)
    return need(order)

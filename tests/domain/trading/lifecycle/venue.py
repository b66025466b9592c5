"""The model venue: one symbol, small integers, every state a hashable value.

Quantities count in tenths of a step and prices in ticks, so that fees of a tenth of a step exist. What a daemon may
see of it is rendered into the values of the exchange port; what happened is judged from the orders themselves.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import NamedTuple

from opentrader.domain.trading.lifecycle.ids import ours
from opentrader.domain.trading.venue import (
    Accepted,
    CancelList,
    CancelOrder,
    Close,
    Effect,
    Fill,
    Filters,
    Order,
    OrderList,
    Outcome,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    Refused,
    ReplaceList,
)

UNIT = Decimal("0.1")
STEP = 10  # units


@cache
def amount(units: int) -> Decimal:
    return units * UNIT


@cache
def price(ticks: int) -> Decimal:
    return Decimal(ticks)


class Placed(NamedTuple):
    """One order of the venue, whoever placed it. `fee` in base units."""

    cid: str
    ex_id: int
    sell: bool
    type: str
    status: str
    qty: int
    px: int
    stop: int
    cum: int = 0
    quote: int = 0
    fee: int = 0
    list_cid: str = ""
    triggered: bool = False
    created: int = 0
    updated: int = 0

    @property
    def open(self) -> bool:
        return self.status == "OPEN"

    @property
    def rest(self) -> int:
        return self.qty - self.cum


class Rules(NamedTuple):
    """What kind of venue it is. `fee` in tenths of a percent of the base; `thin`: a market entry fills so much."""

    min_notional: int = 100
    fee: int = 0
    market_stop: bool = True
    cancel_replace: bool = False
    lists: bool = True
    thin: int = 0
    no_exits: bool = False  # every list and stop is refused
    no_sales_until: int = 0  # market sells are refused until this instant
    no_buyers_until: int = 0  # market sells find nobody, and expire, until this instant
    sale_part: int = 0  # a market sell, or a stop that triggers, fills so much, and the rest expires

    @property
    def filters(self) -> Filters:
        return filters_of(self)


@cache
def filters_of(rules: Rules) -> Filters:
    types = {"MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT"} | ({"STOP_LOSS"} if rules.market_stop else set())
    return Filters(
        "BTCUSDT",
        "BTC",
        "USDT",
        tick=Decimal(1),
        step=amount(STEP),
        min_qty=amount(STEP),
        min_notional=Decimal(rules.min_notional),
        taker_rate=Decimal(rules.fee) / 1000,
        order_types=frozenset(types),
        lists=rules.lists,
        cancel_replace=rules.cancel_replace,
    )


class Venue(NamedTuple):
    """The account and its orders; `base` is the wallet, what open sells lock included."""

    orders: tuple[Placed, ...] = ()
    base: int = 0

    @property
    def locked(self) -> int:
        rests: dict[str, int] = {}
        for order in self.orders:
            if order.sell and order.open:
                key = order.list_cid or order.cid
                rests[key] = max(rests.get(key, 0), order.rest)
        return sum(rests.values())

    def changed(self, *orders: Placed) -> Venue:
        by_id = {order.ex_id: order for order in orders}
        return self._replace(orders=tuple(by_id.get(order.ex_id, order) for order in self.orders))

    def added(self, *orders: Placed) -> Venue:
        return self._replace(orders=self.orders + orders)

    def open_as(self, cid: str) -> tuple[Placed, ...]:
        """The open orders with this client id, of their own or of their list."""
        return tuple(order for order in self.orders if order.open and cid in {order.cid, order.list_cid})


# --- trading ---------------------------------------------------------------------------------------------------


def traded(venue: Venue, ex_id: int, qty: int, at_px: int, now: int, rules: Rules) -> Venue:
    """Fills `qty` of an order and expires its sibling."""
    order = venue.orders[ex_id]
    qty = min(qty, order.rest)
    fee = 0 if order.sell else qty * rules.fee // 1000
    cum = order.cum + qty
    done = order._replace(
        cum=cum,
        quote=order.quote + qty * at_px,
        fee=order.fee + fee,
        status="FILLED" if cum == order.qty else order.status,
        updated=now,
    )
    venue = venue.changed(done)._replace(base=venue.base + (-qty if order.sell else qty - fee))
    return without_sibling(venue, done, now)


def without_sibling(venue: Venue, order: Placed, now: int) -> Venue:
    if not order.list_cid:
        return venue
    siblings = [
        other._replace(status="EXPIRED", updated=now)
        for other in venue.orders
        if other.list_cid == order.list_cid and other.ex_id != order.ex_id and other.open
    ]
    return venue.changed(*siblings)


def matched(venue: Venue, last: int, now: int, rules: Rules, target_part: int = 0) -> Venue:
    """What the price does to the resting exits. Entries fill as the scenario says. `target_part`: of a target."""
    for known in venue.orders:
        order = venue.orders[known.ex_id]
        if not order.sell or not order.open:
            continue
        if order.type == "LIMIT_MAKER" and last >= order.px:
            wanted = max(0, target_part - order.cum) if target_part else order.rest
            venue = traded(venue, order.ex_id, wanted, order.px, now, rules) if wanted else venue
        elif order.type == "STOP_LOSS" and last <= order.stop:
            venue = at_market(venue, order.ex_id, last, now, rules)
        elif order.type == "STOP_LOSS_LIMIT":
            venue = stop_limit(venue, order, last, now, rules)
    return venue


def stop_limit(venue: Venue, order: Placed, last: int, now: int, rules: Rules) -> Venue:
    if not order.triggered and last <= order.stop:
        order = order._replace(triggered=True, updated=now)
        venue = without_sibling(venue.changed(order), order, now)
    if order.triggered and last >= order.px:
        return traded(venue, order.ex_id, order.rest, order.px, now, rules)
    return venue


# --- requests --------------------------------------------------------------------------------------------------

Done = tuple[Venue, Outcome]


def applied(venue: Venue, effect: Effect, last: int, now: int, rules: Rules) -> Done:
    """A request as it arrives: the venue after it, and the answer."""
    if isinstance(effect, CancelOrder | CancelList):
        return cancelled(venue, effect.cid, now)
    if isinstance(effect, ReplaceList):
        return replaced(venue, effect, last, now, rules)
    if venue.open_as(effect.cid):
        return venue, Refused("duplicate", -2010)
    if isinstance(effect, PlaceEntry):
        return entered(venue, effect, last, now, rules)
    if problem := sell_problem(venue, effect, last, now, rules):
        return venue, problem
    if isinstance(effect, Close):
        return sold(venue, effect, last, now, rules)
    return protected(venue, effect, now)


def cancelled(venue: Venue, cid: str, now: int) -> Done:
    live = venue.open_as(cid)
    if not live:
        return venue, Refused("not_found", -2011)
    ended = tuple(order._replace(status="CANCELED", updated=now) for order in live)
    venue = venue.changed(*ended)
    return venue, Accepted(None if ended[0].list_cid else rendered(ended[0]))


def replaced(venue: Venue, effect: ReplaceList, last: int, now: int, rules: Rules) -> Done:
    venue, outcome = cancelled(venue, effect.list_cid, now)
    if isinstance(outcome, Refused):
        return venue, Refused("other", -2022)
    after, placed = applied(venue, effect.stop, last, now, rules)
    return (after, placed) if isinstance(placed, Accepted) else (venue, Refused("half_done", -2021))


def entered(venue: Venue, effect: PlaceEntry, last: int, now: int, rules: Rules) -> Done:
    qty, market = int(effect.qty / UNIT), effect.px is None
    order = Placed(
        effect.cid,
        len(venue.orders),
        False,
        "MARKET" if market else "LIMIT",
        "OPEN",
        qty,
        0 if effect.px is None else int(effect.px),
        0,
        created=now,
        updated=now,
    )
    venue = venue.added(order)
    if market:
        venue = traded(venue, order.ex_id, rules.thin or qty, last, now, rules)
        venue = expired(venue, order.ex_id, now)
    return venue, Accepted(rendered(venue.orders[order.ex_id], full=True))


def at_market(venue: Venue, ex_id: int, last: int, now: int, rules: Rules) -> Venue:
    """A sell meets what the book has."""
    if now >= rules.no_buyers_until:
        venue = traded(venue, ex_id, rules.sale_part or venue.orders[ex_id].rest, last, now, rules)
    return expired(without_sibling(venue, venue.orders[ex_id], now), ex_id, now)


def expired(venue: Venue, ex_id: int, now: int) -> Venue:
    """A market order does not rest: what found nobody expires."""
    order = venue.orders[ex_id]
    return venue.changed(order._replace(status="EXPIRED", updated=now)) if order.open else venue


def sell_problem(
    venue: Venue, effect: PlaceList | PlaceStop | Close, last: int, now: int, rules: Rules
) -> Refused | None:
    if isinstance(effect, Close) and now < rules.no_sales_until:
        return Refused("other", -1013, "Market is closed.")
    if rules.no_exits and not isinstance(effect, Close):
        return Refused("filter", -2010, "Filter failure: MAX_NUM_ALGO_ORDERS")
    qty = int(effect.qty / UNIT)
    at = last if isinstance(effect, Close) else int(effect.stop_px)
    if qty < STEP or qty * at < rules.min_notional * STEP:
        return Refused("filter", -1013)
    if qty > venue.base - venue.locked:
        return Refused("balance", -2010)
    if isinstance(effect, Close):
        return None
    above = int(effect.target_px) > last if isinstance(effect, PlaceList) else True
    return None if above and last > int(effect.stop_px) else Refused("price", -2010)


def sold(venue: Venue, effect: Close, last: int, now: int, rules: Rules) -> Done:
    qty, ex_id = int(effect.qty / UNIT), len(venue.orders)
    order = Placed(effect.cid, ex_id, True, "MARKET", "OPEN", qty, 0, 0, created=now, updated=now)
    venue = at_market(venue.added(order), ex_id, last, now, rules)
    return venue, Accepted(rendered(venue.orders[ex_id], full=True))


def protected(venue: Venue, effect: PlaceList | PlaceStop, now: int) -> Done:
    qty, ex_id = int(effect.qty / UNIT), len(venue.orders)
    kind = "STOP_LOSS" if effect.limit_px is None else "STOP_LOSS_LIMIT"
    limit = 0 if effect.limit_px is None else int(effect.limit_px)
    stop = Placed(effect.cid, ex_id, True, kind, "OPEN", qty, limit, int(effect.stop_px), created=now, updated=now)
    if isinstance(effect, PlaceStop):
        return venue.added(stop), Accepted(rendered(stop))
    stop = stop._replace(cid=effect.stop_cid, list_cid=effect.cid)
    target = stop._replace(cid=effect.target_cid, ex_id=ex_id + 1, type="LIMIT_MAKER", px=int(effect.target_px), stop=0)
    return venue.added(stop, target), Accepted(listed(stop, target))


# --- what may be seen ------------------------------------------------------------------------------------------


@cache
def rendered(order: Placed, full: bool = False) -> Order:
    """`full`: with its fees, as the answer to a market order has them; a look-up does not."""
    return Order(
        order.cid,
        str(order.ex_id),
        "sell" if order.sell else "buy",
        order.type,  # type: ignore[arg-type]  # kept as a plain word
        order.status,  # type: ignore[arg-type]  # kept as a plain word
        amount(order.qty),
        cum=amount(order.cum),
        quote_cum=amount(order.quote),
        px=price(order.px) if order.px else None,
        stop_px=price(order.stop) if order.stop else None,
        fees=(("BTC", amount(order.fee)),) if full and order.fee else (),
        covered=amount(order.cum) if full else Decimal(0),
        list_id=order.list_cid,
        triggered=order.triggered,
        created_at=order.created,
        updated_at=order.updated,
    )


@cache
def listed(stop: Placed, target: Placed) -> OrderList:
    return OrderList(stop.list_cid, "L" + str(stop.ex_id), stop.open or target.open, rendered(stop), rendered(target))


@cache
def fill_of(order: Placed) -> Fill:
    asset = "USDT" if order.sell else "BTC"
    return Fill(
        f"t{order.ex_id}",
        str(order.ex_id),
        "sell" if order.sell else "buy",
        amount(order.cum),
        price(1),
        amount(order.fee),
        asset,
        order.updated,
    )


def looked_up(venue: Venue, cid: str) -> Order | OrderList | None:
    """By client id: the latest of an order, or the list."""
    own = [order for order in venue.orders if cid in {order.cid, order.list_cid}]
    if not own:
        return None
    return listed(own[0], own[1]) if own[-1].list_cid == cid else rendered(own[-1])


def own_orders(venue: Venue) -> list[Placed]:
    return [order for order in venue.orders if ours(order.cid)]

"""From reports of the venue to the facts of one leg. Facts only grow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from opentrader.domain.trading.looks import VenueView
from opentrader.domain.trading.venue import ZERO, Fill, Filters, Order, OrderList

from .records import STICKY, Flag, Leg, LegState, Trade, revised


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one report about a leg. `state` None: the report is certain only about quantities."""

    state: LegState | None
    cum: Decimal
    quote: Decimal
    fees: Decimal
    covered: Decimal
    flag: Flag
    ex_ids: tuple[str, ...]
    ended_at: int


def of_order(order: Order, base: str) -> Facts:
    flag: Flag = "TRIGGERED" if order.triggered and order.status == "OPEN" else ""
    return of_orders((order,), base, order.status, flag)


def of_orders(orders: tuple[Order, ...], base: str, state: LegState | None, flag: Flag) -> Facts:
    """The facts of several orders as one leg: their sums."""
    return Facts(
        state,
        sum((order.cum for order in orders), ZERO),
        sum((order.quote_cum for order in orders), ZERO),
        sum((order.fee(base) for order in orders), ZERO),
        sum((order.covered for order in orders), ZERO),
        flag,
        tuple(order.ex_id for order in orders),
        0 if state not in STICKY else max(order.updated_at for order in orders),
    )


def list_state(orders: tuple[Order, ...], executing: bool) -> LegState:
    """FILLED when one order filled: its sibling's EXPIRED means nothing."""
    statuses = {order.status for order in orders}
    if "FILLED" in statuses:
        return "FILLED"
    if executing:
        return "OPEN"
    return "CANCELED" if "CANCELED" in statuses else "EXPIRED"


def list_flag(stop: Order, target: Order, state: LegState) -> Flag:
    """TP_PART: the target is partially filled, which canceled the stop. TRIGGERED: the stop-limit is on the book."""
    if state != "OPEN":
        return ""
    if target.cum > 0 and stop.status != "OPEN":
        return "TP_PART"
    return "TRIGGERED" if stop.triggered else ""


def of_list(told: OrderList, base: str) -> Facts:
    orders = (told.stop, told.target)
    state = list_state(orders, told.executing)
    return of_orders(orders, base, state, list_flag(told.stop, told.target, state))


def of_pieces(leg: Leg, orders: Iterable[Order], base: str) -> Facts | None:
    """The facts of a list from its orders, where the list itself was not reported.

    One order is enough to tell that the list is open or how it ended, except EXPIRED: then its sibling decides.
    """
    pieces = {order.cid: order for order in orders if order.cid in leg.cids}
    stop, target = pieces.get(leg.stop_cid), pieces.get(leg.target_cid)
    seen = tuple(pieces.values())
    if stop and target:
        state = list_state(seen, any(order.status == "OPEN" for order in seen))
        return of_orders(seen, base, state, list_flag(stop, target, state))
    if not seen:
        return None
    return of_orders(seen, base, None if seen[0].status == "EXPIRED" else seen[0].status, flag_alone(stop, target))


def flag_alone(stop: Order | None, target: Order | None) -> Flag:
    """What one open order of a list tells: its sibling ends when the stop is triggered, or the target fills."""
    if stop and stop.status == "OPEN" and stop.triggered:
        return "TRIGGERED"
    return "TP_PART" if target and target.status == "OPEN" and target.cum > 0 else ""


def sightings(leg: Leg, view: VenueView) -> list[Facts]:
    """All facts of one read about a leg: by client order id, from the open orders, from the history."""
    base = view.filters.base
    seen: list[Facts | None] = []
    told = view.found.get(leg.cid)
    if told is not None:
        seen.append(of_list(told, base) if isinstance(told, OrderList) else of_order(told, base))
    for orders in filter(None, (view.open_orders, view.history)):
        if leg.kind == "L":
            seen.append(of_pieces(leg, orders, base))
        else:
            seen.extend(of_order(order, base) for order in orders if order.cid == leg.cid)
    return [facts for facts in seen if facts]


def grown(leg: Leg, told: Sequence[Facts], now: int) -> Leg:
    """The leg with what reports add. FILLED, CANCELED and EXPIRED stick; cum, fees and covered never go down."""
    cum = max(leg.cum, *(facts.cum for facts in told))
    flag = next((facts.flag for facts in told if facts.flag), leg.flag)
    ex_ids = dict.fromkeys(ex_id for facts in told for ex_id in facts.ex_ids)
    return revised(
        leg,
        state=latest(leg.state, told),
        cum=cum,
        quote=max(leg.quote, *(facts.quote for facts in told)),
        fees=max(leg.fees, *(facts.fees for facts in told)),
        covered=max(leg.covered, *(facts.covered for facts in told)),
        part_at=leg.part_at or (now if cum > 0 else 0),
        ex_ids=leg.ex_ids if ex_ids.keys() <= set(leg.ex_ids) else tuple(dict.fromkeys([*leg.ex_ids, *ex_ids])),
        flag=flag,
        flag_at=leg.flag_at if flag == leg.flag else now,
        ended_at=max(leg.ended_at, *(facts.ended_at for facts in told)),
        neg_count=0,
        neg_at=0,
    )


def latest(state: LegState, told: Sequence[Facts]) -> LegState:
    """Reports of one read may differ in age: one with a terminal state is the most recent."""
    if state in STICKY:
        return state
    states = [facts.state for facts in told if facts.state]
    ended = [told_state for told_state in states if told_state in STICKY]
    return (ended or states or [state])[0]


def own_fills(trade: Trade, fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """The fills of the account that belong to orders of this trade."""
    own = {ex_id for leg in trade.legs for ex_id in leg.ex_ids}
    return tuple(fill for fill in fills if fill.order_ex_id in own)


def with_fills(leg: Leg, fills: tuple[Fill, ...] | None, base: str) -> Leg:
    """The leg with fees from its fills, which carry exchange ids only and may lag behind the order.

    Fills that are younger than what was read of the order wait until the order shows them, or the leg would tell of a
    state that never was.
    """
    own = {fill.trade_id: fill for fill in fills or () if fill.order_ex_id in leg.ex_ids}.values()
    fees = covered = ZERO
    for fill in sorted(own, key=lambda fill: fill.at):
        if covered + fill.qty > leg.cum:
            break
        covered += fill.qty
        fees += fill.fee if fill.fee_asset == base else ZERO
    return revised(leg, fees=max(leg.fees, fees), covered=max(leg.covered, covered)) if covered else leg


def open_sells(orders: tuple[Order, ...]) -> Decimal:
    """The quantity that open sell orders lock, ours or not; the two orders of a list lock their quantity once."""
    rests: dict[str, Decimal] = {}
    for order in orders:
        if order.side == "sell" and order.status == "OPEN":
            key = order.list_id or order.ex_id
            rests[key] = max(rests.get(key, ZERO), order.rest)
    return sum(rests.values(), ZERO)


def fee_reserve(leg: Leg, filters: Filters) -> Decimal:
    """The fees of an entry in base: exact when its fills add up to `cum`, until then the maximum."""
    if leg.covered >= leg.cum:
        return leg.fees
    unit = Decimal("1e-8")
    return (leg.cum * filters.taker_rate / unit).to_integral_value("ROUND_CEILING") * unit

"""Step 1 of a tick: fold a read into the legs (`reply` does the same with the answer to a write).

The order in which reports arrive does not matter, because facts only grow.
"""

from __future__ import annotations

from decimal import Decimal

from opentrader.domain.copies import copied
from opentrader.domain.trading.looks import VenueView
from opentrader.domain.trading.venue import ZERO, Filters

from .ids import ours
from .records import LIVE, Leg, Trade, revised
from .reports import fee_reserve, grown, open_sells, sightings, with_fills
from .settings import LifecycleSettings


def position(trade: Trade, filters: Filters) -> Decimal:
    """P: the position by the executed quantities of our own orders. A balance never enlarges it."""
    bought = sum((leg.cum - fee_reserve(leg, filters) for leg in trade.entries), ZERO)
    sold = sum((leg.cum for leg in trade.legs if leg.kind != "E"), ZERO)
    return bought - sold - trade.adj


def oversold(trade: Trade, filters: Filters) -> Decimal:
    """What was sold more than was held, below 0 for what is held.

    A trade that was dropped has given up its coins with the fees that were not known yet.
    """
    given_up = sum((fee_reserve(leg, filters) for leg in trade.entries), ZERO) if trade.dropped else ZERO
    return -position(trade, filters) - given_up


def folded(trade: Trade, view: VenueView, now: int, settings: LifecycleSettings) -> Trade:
    """The trade with its legs updated from the read."""
    for known in trade.legs:
        if not known.cid:
            continue  # a synthetic entry has no order
        leg = copied(known, state="UNKNOWN") if known.state == "SENT" else known  # no reply: the process died
        told = sightings(leg, view)
        if told:
            seen = with_fills(grown(leg, told, now), view.fills, view.filters.base)
            trade = found(trade, known, seen, view, now, settings)
        else:
            trade = unseen(trade.with_leg(leg), leg, view, now, settings)
    return trade


def changed(trade: Trade, before: Leg, after: Leg, now: int) -> Trade:
    """Store a leg, and the time when an executed quantity last changed.

    An order that was sent before the trade was dropped has sold what was given up then.
    """
    trade = trade.with_leg(after)
    if after.cum == before.cum:
        return trade
    given_up = trade.dropped and after.kind != "E" and after.sent_at <= trade.overruled
    return copied(trade, last_change=now, adj=trade.adj - (after.cum - before.cum if given_up else ZERO))


def found(trade: Trade, before: Leg, after: Leg, view: VenueView, now: int, settings: LifecycleSettings) -> Trade:
    """A leg that the read found."""
    if before.state == "ABSENT" and after.state != "ABSENT":
        trade = trade.alerted("late order", "alert", now)
        after = copied(after, flag="LATE", flag_at=now) if after.kind == "E" else after
    trade = changed(trade, before, after, now)
    if after.kind in {"L", "S"} and after.open:
        trade = exit_seen_open(trade, after)
    if before.live and after.state in {"CANCELED", "EXPIRED"} and after.kind in {"L", "S"}:
        trade = removed(trade, after, now, settings)
    if came_to_nothing(before, after):
        trade = failed(trade, after)
    return external(trade, trade.leg(after.cid) or after, view, now, settings)


def came_to_nothing(before: Leg, after: Leg) -> bool:
    """Whether an order was refused, or a close has ended without having sold anything."""
    if after.state == before.state or not before.live:
        return False
    unsold = after.kind == "C" and after.state in {"EXPIRED", "CANCELED"} and not after.cum
    return after.state == "REJECTED" or unsold


def exit_seen_open(trade: Trade, leg: Leg) -> Trade:
    """A live exit resets the failure count; a single stop is never reverted, so a replacement ends with it."""
    trade = revised(trade, failed_protects=0, bal_reread=0, quar="" if trade.quar == "exit" else trade.quar)
    if leg.kind == "L" or leg.cancel_sent:
        return trade
    replaced = trade.leg(leg.replaces)
    if replaced and replaced.live:
        trade = trade.with_leg(copied(replaced, state="CANCELED"))
    return revised(with_levels(trade, leg), want=trade.want if trade.want > leg.sl else ZERO)


def with_levels(trade: Trade, leg: Leg) -> Trade:
    """The trade at the end of a replacement: the levels of its live exit count."""
    moved = trade.rep_tp and leg.sl == trade.rep_new and leg.tp in {trade.rep_tp, ZERO}  # a single stop has no target
    after = revised(trade.without_replacement(), sl=leg.sl)
    return copied(after, tp=trade.rep_tp, move="done") if moved else after


def removed(trade: Trade, leg: Leg, now: int, settings: LifecycleSettings) -> Trade:
    """An exit that ended without a fill: by a cancel of ours that was still in flight, or outside the daemon."""
    if leg.cancel_at and now - leg.cancel_at <= settings.horizon:
        return trade
    trade = trade.with_leg(copied(leg, flag="OUTSIDE", flag_at=now))
    return trade.alerted("stop removed outside", "alert", now, settings.page_every)


def external(trade: Trade, leg: Leg, view: VenueView, now: int, settings: LifecycleSettings) -> Trade:
    """Our exit was removed outside and then the whole position was sold: the trade was closed outside.

    Sells before that, or while a new exit protects, count as sells of the user's own coins.
    """
    if leg.flag != "OUTSIDE" or view.history is None or any(other.live for other in trade.exits):
        return trade
    held = position(trade, view.filters)
    if held <= 0 or foreign_sells(view, leg.ended_at) < held * settings.held_share:
        return trade
    return closed_outside(trade, held, now)


def closed_outside(trade: Trade, held: Decimal, now: int) -> Trade:
    trade = copied(trade, adj=trade.adj + held, close_reason="external")
    return trade.alerted("closed outside", "alert", now)


def foreign_sells(view: VenueView, since: int) -> Decimal:
    """The quantity sold in this symbol by orders that are not ours."""
    return sum(
        (
            order.cum
            for order in view.history or ()
            if order.side == "sell" and not ours(order.cid) and order.updated_at >= since
        ),
        ZERO,
    )


def unseen(trade: Trade, leg: Leg, view: VenueView, now: int, settings: LifecycleSettings) -> Trade:
    """A leg that the read did not find: a vote for its absence, or a lagging or failed read."""
    gone = leg.cid in view.missing and view.open_orders is not None and view.history is not None
    if leg.open and gone:
        return lagging(trade, leg, now, settings)
    if not leg.in_flight:
        return trade
    if now - leg.sent_at > settings.unknown_page:
        trade = trade.alerted("outcome unknown", "page", now, settings.page_every)
    if not gone or view.at < leg.horizon_at or view.balance is None or view.others.unsettled:
        return trade
    return vote(trade, leg, view.at, settings) if balances_agree(leg, view) else disagreed(trade, leg, now, settings)


def lagging(trade: Trade, leg: Leg, now: int, settings: LifecycleSettings) -> Trade:
    """An acknowledged order is never taken as gone; after a long lag an operator must decide."""
    leg = copied(leg, neg_at=leg.neg_at or now)
    trade, age = trade.with_leg(leg), now - leg.neg_at
    if age > settings.unseen_quarantine:
        return quarantined(trade, "order not shown", now)
    if age > settings.unseen_page:
        return trade.alerted("order not shown", "page", now, settings.page_every)
    return trade.alerted("order not shown for a while", "alert", now) if age > settings.bare_limit else trade


def vote(trade: Trade, leg: Leg, at: int, settings: LifecycleSettings) -> Trade:
    """Absent after two votes: a gap apart, both after the horizon, the second after the bound of the read lag.

    `at`: when the look was asked for. So one look never votes twice.
    """
    if not leg.neg_count:
        return trade.with_leg(copied(leg, neg_count=1, neg_at=at))
    if at - leg.neg_at < settings.vote_gap or at < leg.horizon_at + settings.read_lag:
        return trade
    if not settings.bounded:
        return quarantined(trade, "outcome unknown", at)
    return failed(trade.with_leg(copied(leg, state="ABSENT", neg_count=2)), leg)


def balances_agree(leg: Leg, view: VenueView) -> bool:
    """Whether the wallet agrees that this order does not exist. This is never proof, only a veto."""
    assert view.balance is not None
    assert view.open_orders is not None
    wallet = view.balance.total - view.others.held
    if leg.kind == "E":
        return wallet < leg.wallet_at_send + view.filters.min_qty
    if leg.kind == "C":
        return wallet > leg.wallet_at_send - leg.qty
    return view.balance.locked - open_sells(view.open_orders) < leg.qty


def disagreed(trade: Trade, leg: Leg, now: int, settings: LifecycleSettings) -> Trade:
    leg = copied(leg, disagree=leg.disagree + 1)
    trade = trade.with_leg(leg).alerted("balance disagrees", "alert", now)
    return quarantined(trade, "balance disagrees", now) if leg.disagree >= settings.max_disagree else trade


def failed(trade: Trade, leg: Leg) -> Trade:
    """Count an order that definitely does not exist. The next attempt of an exit gets the next number."""
    if leg.kind == "C":
        return copied(trade, failed_closes=trade.failed_closes + 1)
    if leg.replaces:
        return replacement_failed(trade, leg)
    return copied(trade, failed_protects=trade.failed_protects + 1) if leg.kind != "E" else trade


def replacement_failed(trade: Trade, leg: Leg) -> Trade:
    """A stop that was to replace a list failed: the request is dropped, and the list stays as last read."""
    trade = copied(trade.without_replacement(), want=ZERO)
    replaced = trade.leg(leg.replaces)
    if replaced is not None and replaced.state in LIVE:
        trade = trade.with_leg(copied(replaced, cancel_sent=0))
    return trade


def quarantined(trade: Trade, code: str, now: int) -> Trade:
    """Stop trading until an operator closes the trade; protective orders stay, and levels asked for are given up."""
    move = "kept" if trade.move == "asked" else trade.move
    return copied(trade, quar="unknown", move=move).alerted(code, "page", now)

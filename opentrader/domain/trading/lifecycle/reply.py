"""Step 1 of a tick, second part: fold the answer to a write into the legs.

It is separate so that an answer can be committed alone: a process that dies before its next read still has it.
"""

from __future__ import annotations

from opentrader.domain.copies import copied
from opentrader.domain.trading.venue import (
    Accepted,
    CancelList,
    CancelOrder,
    Effect,
    Order,
    OrderList,
    Outcome,
    Placement,
    Refused,
    ReplaceList,
)

from .fold import came_to_nothing, changed, exit_seen_open, failed
from .records import Leg, Trade
from .reports import grown, of_list, of_order


def answered(trade: Trade, effect: Effect, outcome: Outcome, base: str, now: int) -> Trade:
    """The trade after the answer to its effect. `base` is the base asset of the symbol, for the fees in the answer."""
    if isinstance(outcome, Refused) and outcome.retry_after:
        trade = copied(trade, retry_at=now + outcome.retry_after)
    if isinstance(effect, CancelOrder | CancelList):
        return cancelled(trade, effect, outcome, base, now)
    leg = trade.leg(placed_cid(effect))
    assert leg is not None, "an effect belongs to the trade that it came from"
    if isinstance(outcome, Accepted):
        return accepted(trade, leg, outcome.report, base, now)
    if isinstance(outcome, Refused) and outcome.reason in NEVER_LEFT and not entry_over(leg, outcome):
        return never_left(trade, leg)
    if isinstance(outcome, Refused) and outcome.reason != "duplicate":
        return refused(trade, leg, outcome, now)
    return trade.with_leg(copied(leg, state="UNKNOWN")) if leg.state == "SENT" else trade


NEVER_LEFT = frozenset({"late", "held"})


def entry_over(leg: Leg, outcome: Refused) -> bool:
    """An entry that the venue would not have taken for a while is given up."""
    return leg.kind == "E" and outcome.reason == "held"


def never_left(trade: Trade, leg: Leg) -> Trade:
    """We did not send it: that is no answer of the venue. It is planned anew, under the same id."""
    if not leg.in_flight:
        return trade
    sends = trade.sends[:-1] if leg.kind != "E" else trade.sends
    trade = copied(trade, legs=tuple(other for other in trade.legs if other is not leg), sends=sends)
    replaced = trade.leg(leg.replaces) if leg.replaces else None
    return trade.with_leg(copied(replaced, cancel_sent=0)) if replaced is not None and replaced.live else trade


def placed_cid(effect: Placement) -> str:
    return effect.stop.cid if isinstance(effect, ReplaceList) else effect.cid


def told(leg: Leg, report: Order | OrderList, base: str, now: int) -> Leg:
    facts = of_list(report, base) if isinstance(report, OrderList) else of_order(report, base)
    return grown(leg, [facts], now)


def accepted(trade: Trade, leg: Leg, report: Order | OrderList | None, base: str, now: int) -> Trade:
    """The leg as reported; an acceptance without a report counts as an unknown outcome."""
    if report is None:
        return trade.with_leg(copied(leg, state="UNKNOWN")) if leg.state == "SENT" else trade
    after = told(leg, report, base, now)
    trade = changed(trade, leg, after, now)
    if came_to_nothing(leg, after):
        return failed(trade, after)
    return exit_seen_open(trade, after) if after.open and after.kind in {"L", "S"} else trade


def cancelled(trade: Trade, effect: CancelOrder | CancelList, outcome: Outcome, base: str, now: int) -> Trade:
    """Accepted: terminal, with its executed quantity. After any other answer to a cancel, the next read decides."""
    leg = trade.leg(effect.cid)
    if leg is None or not isinstance(outcome, Accepted):
        return trade
    after = told(leg, outcome.report, base, now) if outcome.report else leg
    return changed(trade, leg, copied(after, state="CANCELED") if after.live else after, now)


def refused(trade: Trade, leg: Leg, outcome: Refused, now: int) -> Trade:
    """REJECTED, unless a read has found the order; then the answer does not apply to it."""
    if not leg.in_flight:
        return trade
    trade = trade.with_leg(copied(leg, state="REJECTED", refused=outcome.reason, refusal=outcome.text))
    if leg.kind == "S" and leg.replaces:
        return half_done(trade, leg) if outcome.reason == "half_done" else failed(trade, leg)
    if leg.kind in {"L", "S"} and outcome.reason == "price":
        return through(trade, now)
    if leg.kind in {"L", "S"} and outcome.reason == "filter" and trade.replacing:
        trade = copied(trade, stage=1)  # the old level is known to pass
    if leg.kind in {"L", "S"} and outcome.reason == "balance" and not trade.bal_reread:
        return copied(trade, bal_reread=1)
    if leg.kind in {"L", "S"} and outcome.reason == "balance" and not trade.close_reason:
        return copied(trade, bal_reread=trade.bal_reread + 1).closing_for("protect_failed", now)
    return failed(trade, leg)


def through(trade: Trade, now: int) -> Trade:
    """The price is beyond a level: try the old level next, then close at market."""
    if trade.replacing and trade.stage == 0:
        return copied(trade, stage=1)
    if trade.close_reason:
        return copied(trade, failed_protects=trade.failed_protects + 1)
    return trade.closing_for("through", now)


def half_done(trade: Trade, leg: Leg) -> Trade:
    """The list is canceled and the stop was refused: protect again at the old level."""
    replaced = trade.leg(leg.replaces)
    if replaced and replaced.live:
        trade = trade.with_leg(copied(replaced, state="CANCELED"))
    return copied(trade, stage=1)

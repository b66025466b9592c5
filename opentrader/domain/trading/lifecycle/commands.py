"""Commands to a trade from outside. A command only changes the record; the next tick acts on it."""

from __future__ import annotations

from decimal import Decimal

from opentrader.domain.copies import copied
from opentrader.domain.trading.venue import ZERO, Filters

from .fold import quarantined
from .records import DROPPED, Leg, Trade
from .settings import BINANCE, LifecycleSettings


def close(trade: Trade, reason: str, now: int) -> Trade:
    """Sell the position, whatever is in the way. This overrules a quarantine, so only an operator may decide it."""
    if trade.quar == "unknown":
        trade = overruled(trade, now)
    return copied(trade, quar="", short=0).closing_for(reason, now)


def overruled(trade: Trade, now: int) -> Trade:
    """What the rules could not settle is settled by an operator, so that the same cause does not stop the trade again.

    Every order in doubt counts as absent, and is looked for another day; every count begins anew; and what is sold is
    what the account really has (`sizing`).
    """
    doubtful = [leg for leg in trade.legs if leg.in_flight or (leg.open and leg.neg_at)]
    for leg in doubtful:
        trade = trade.with_leg(copied(leg, state="ABSENT", cancel_sent=0, neg_count=2, disagree=0))
    return copied(
        trade.without_replacement(),
        overruled=now,
        want=ZERO,
        failed_closes=0,
        failed_protects=0,
        bal_reread=0,
        close_after=0,
        retry_at=0,
        pauses=0,
        sends=(),
    )


def drop(trade: Trade, now: int) -> Trade:
    """Give up a position that cannot be sold: what is held counts no more, and its coins are the user's own.

    Its open orders are canceled, and what is in doubt is looked for another day. An entry that turns up late is sold.
    """
    trade = overruled(trade, now)
    return copied(trade, adj=trade.adj + trade.net, quar="", short=0, close_reason=DROPPED)


def faulted(trade: Trade, now: int) -> Trade:
    """The rules failed on this trade. It is left to an operator, with its exits as they are; the others go on."""
    return copied(quarantined(trade, "internal fault", now), label="QUARANTINE")


def cancel_entry(trade: Trade) -> Trade:
    """Cancel the entry, or do not send it; the filled part is kept and protected."""
    return copied(trade, halt=True)


def trail(trade: Trade, level: Decimal, filters: Filters, now: int, settings: LifecycleSettings = BINANCE) -> Trade:
    """Request a higher stop. A step that is too small or too soon after the last one changes nothing."""
    level = filters.price(level)
    current = max(trade.sl, trade.want)
    sent = max((leg.sent_at for leg in trade.exits), default=0)
    if level <= current * (1 + settings.trail_step) or now - sent < settings.trail_every:
        return trade
    return copied(trade, want=level)


def move(trade: Trade, sl: Decimal, tp: Decimal, by: str = "") -> Trade:
    """Ask for other levels; a stop that trailing has asked for is forgotten, for a person has decided.

    `by`: the id of the command, which finds what became of it.
    """
    return copied(trade, move="asked", move_id=by, move_sl=sl, move_tp=tp, want=ZERO)


def booted(trade: Trade, now: int, settings: LifecycleSettings = BINANCE) -> Trade:
    """A trade as loaded at the start of the process: an intent that was not sent before is never sent.

    Where the venue does not refuse old requests, a request in flight when the process died may arrive until H after
    this boot. Pauses are capped, because the clock may have been set back while no process ran.
    """
    if not trade.legs:
        return copied(trade, halt=True)
    return copied(
        trade,
        legs=tuple(_looked_for(leg, now + settings.horizon, settings) for leg in trade.legs),
        close_after=min(trade.close_after, now + settings.close_pause),
        retry_at=min(trade.retry_at, now + settings.close_pause),
        rebuild_until=min(trade.rebuild_until, now + settings.horizon + settings.read_lag),
    )


def _looked_for(leg: Leg, last: int, settings: LifecycleSettings) -> Leg:
    """A leg with an unknown outcome: it may arrive until its horizon, at the latest until `last`."""
    if not leg.in_flight:
        return leg
    begins_anew = leg.state == "SENT" and not settings.stamped
    return copied(leg, state="UNKNOWN", horizon_at=last if begins_anew else min(leg.horizon_at, last))

"""What may be asked of a trade from outside. A command only changes the record; the next tick acts on it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from opentrader.domain.venue import Filters

from .records import Trade
from .settings import BINANCE, Settings


def close(trade: Trade, reason: str, now: int) -> Trade:
    """Sell what is held, whatever stands in between. It ends a quarantine, so it is for an operator to say."""
    return replace(trade, quar="", short=0).closing_for(reason, now)


def cancel_entry(trade: Trade) -> Trade:
    """Take the entry back, or do not send it; what it has bought is kept and protected."""
    return replace(trade, halt=True)


def trail(trade: Trade, level: Decimal, filters: Filters, now: int, settings: Settings = BINANCE) -> Trade:
    """Ask for a higher stop. A step that is too small, or too soon after the last one, changes nothing."""
    level = filters.price(level)
    current = max(trade.sl, trade.want)
    sent = max((leg.sent_at for leg in trade.exits), default=0)
    if level <= current * (1 + settings.trail_step) or now - sent < settings.trail_every:
        return trade
    return replace(trade, want=level)


def booted(trade: Trade, now: int, settings: Settings = BINANCE) -> Trade:
    """A trade as loaded at the start of a process: an intent that was never sent is not sent any more.

    Where the venue does not refuse old requests, what was being written when the process died may arrive until H
    after this boot.
    """
    if not trade.legs:
        return replace(trade, halt=True)
    legs = tuple(
        replace(leg, state="UNKNOWN", horizon_at=leg.horizon_at if settings.stamped else now + settings.horizon)
        if leg.state == "SENT"
        else leg
        for leg in trade.legs
    )
    return replace(trade, legs=legs)

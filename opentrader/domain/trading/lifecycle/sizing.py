"""Row 10: the quantity of a close or a protection. A balance can veto a position, but never by a single read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from opentrader.domain.copies import copied
from opentrader.domain.trading.venue import ZERO

from .fold import closed_outside, foreign_sells, quarantined
from .records import Trade, revised
from .scene import Scene


@dataclass(frozen=True, slots=True)
class Size:
    """A quantity; None: nothing can be sent in this tick."""

    trade: Trade
    qty: Decimal | None = None


def size(scene: Scene) -> Size:
    """The position, floored to the step, when that much is free; otherwise count the reads with less."""
    if scene.trade.overruled:
        return what_is_there(scene)
    qty = scene.view.filters.floor(scene.held)
    if scene.free >= qty:
        return Size(revised(scene.trade, short=0), qty)
    trade, settings = scene.trade, scene.settings
    if scene.view.others.unsettled or scene.now - trade.short_at < settings.vote_gap:
        return Size(trade)
    trade = copied(trade, short=trade.short + 1, short_at=scene.now)
    confirmed = trade.short >= settings.short_votes and scene.now - trade.last_change > settings.read_lag
    return Size(short_of_base(scene.with_trade(trade))) if confirmed else Size(trade)


def what_is_there(scene: Scene) -> Size:
    """What an operator has decided to sell: as much of the position as the wallet holds, and nothing of the user's own.

    What two reads do not show in the wallet is given up; what is only locked is waited for.
    """
    trade, filters, gap = scene.trade, scene.view.filters, scene.settings.vote_gap
    own = filters.floor(max(ZERO, min(scene.held, scene.wallet - trade.base_at_entry)))
    if own >= filters.floor(scene.held):
        return Size(revised(trade, short=0), own if scene.free >= own else None)
    if not trade.short or scene.now - trade.short_at < gap:
        return Size(trade if trade.short else copied(trade, short=1, short_at=scene.now))
    trade = copied(trade, adj=trade.adj + scene.held - own, short=0)
    trade = trade.alerted("position shrunk to the wallet", "page", scene.now)
    return Size(trade, own if own >= filters.min_qty and scene.free >= own else None)


def short_of_base(scene: Scene) -> Trade:
    """The wallet is confirmed to hold less than the position: reduce the position, or find who sold it."""
    trade, held, share = scene.trade, scene.held, scene.settings.held_share
    if scene.wallet >= scene.view.filters.floor(held):
        return trade  # locked by an order that the next read will find
    if scene.free >= held * share:
        shrunk = copied(trade, adj=trade.adj + held - scene.free, short=0)
        return shrunk.alerted("position shrunk to the wallet", "note", scene.now)
    if not scene.can_have("history"):
        return trade  # the seller is not known yet
    if scene.wallet < scene.sellable and foreign_sells(scene.view, first_sent(trade)) >= held * share:
        return closed_outside(trade, held, scene.now)
    return quarantined(trade, "base is missing", scene.now)


def first_sent(trade: Trade) -> int:
    return min((leg.sent_at for leg in trade.legs), default=0)

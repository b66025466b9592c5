"""A trade of the lifecycle as a reply. Pure: prices and times are passed in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from opentrader.actors import messages
from opentrader.domain.timeframes import HOUR_MS
from opentrader.domain.trading.lifecycle.records import LIVE, Leg, Trade
from opentrader.domain.trading.venue import ZERO, Filters

# Labels of trades whose quantity is too small to sell.
_NOTHING_HELD = frozenset({"NONE", "SWEEPING", "DUST", "FLAT"})


def entry_leg(trade: Trade) -> Leg | None:
    """The latest entry leg; None before it was sent."""
    return next((leg for leg in reversed(trade.legs) if leg.kind == "E"), None)


def bought(trade: Trade) -> Decimal:
    """The quantity bought by the entry, before fees."""
    return sum((leg.cum for leg in trade.entries), ZERO)


def executed(trade: Trade | None) -> Decimal:
    """The total quantity executed by its orders, bought and sold."""
    return sum((leg.cum for leg in trade.legs), ZERO) if trade is not None else ZERO


def held(trade: Trade) -> Decimal:
    """The quantity held, from the executed quantities of our own orders."""
    return trade.net


def entry_px(trade: Trade) -> Decimal | None:
    """The average entry price; None where it is unknown."""
    entries = [leg for leg in trade.entries if leg.cum > 0 and leg.quote > 0]
    quantity = sum((leg.cum for leg in entries), ZERO)
    return sum((leg.quote for leg in entries), ZERO) / quantity if quantity else None


def is_open(trade: Trade, least: Decimal) -> bool:
    """Whether there is a position. `least`: the smallest quantity that can be sold, 0 where unknown."""
    return trade.label not in _NOTHING_HELD and (quantity := held(trade)) >= least and quantity > 0


def is_pending(trade: Trade) -> bool:
    """Whether it is a LIMIT entry that is not completely filled yet."""
    if trade.intent.kind != "limit":
        return False
    leg = entry_leg(trade)
    return trade.label == "NONE" if leg is None else leg.state in LIVE


def is_entering(trade: Trade) -> bool:
    """Whether it is a market entry in flight."""
    if trade.intent.kind != "market":
        return False
    leg = entry_leg(trade)
    return trade.label == "NONE" if leg is None else leg.state in LIVE


def is_at_stake(trade: Trade) -> bool:
    """Whether a close applies to it: a quantity is held, or an entry is in flight or of unknown outcome.

    It does not apply to a pending LIMIT entry that bought nothing, nor to dust that cannot be sold.
    """
    leg = entry_leg(trade)
    unknown = leg is not None and (leg.in_flight or leg.state == "ABSENT")
    return unknown or is_entering(trade) or (held(trade) > 0 and trade.label not in _NOTHING_HELD)


def is_over(trade: Trade, least: Decimal) -> bool:
    """Whether the trade is closed: nothing held, and no order live at the exchange."""
    started = bool(trade.legs) or trade.label == "FLAT"
    return started and not is_open(trade, least) and not any(leg.live for leg in trade.legs)


def protection(trade: Trade) -> messages.Protection:
    kinds = {leg.kind for leg in trade.exits if leg.open}
    if "L" in kinds:
        return "oco"
    return "stop+soft_tp" if "S" in kinds else "none"


def _order_id(leg: Leg | None, index: int) -> messages.ShownOrderId:
    if leg is None or len(leg.ex_ids) <= index:
        return None
    text = leg.ex_ids[index]
    return int(text) if text.isdecimal() else text


def trade_reply(trade: Trade, mark: Decimal | None, now_ms: int, filters: Filters | None = None) -> messages.TradeReply:
    """An open trade; unrealized profit is computed at `mark`, before the fees of selling."""
    intent, px, size = trade.intent, entry_px(trade), held(trade)
    exits = next((leg for leg in trade.exits if leg.open), None)
    pnl = (mark - px) * size if mark is not None and px is not None else None
    opened = (trade.entries[0].sent_at if trade.entries else intent.created_at) // 1000
    return messages.TradeReply(
        id=intent.id,
        symbol=intent.symbol,
        direction=intent.side,
        size=float(size),
        entry_px=None if px is None else float(px),
        sl_px=float(exits.sl if exits else trade.sl),
        tp_px=float(trade.tp),
        sl_oid=_order_id(exits, 0),
        tp_oid=_order_id(exits, 1),
        bot=intent.bot,
        date=datetime.fromtimestamp(opened, UTC).date().isoformat(),
        agent=intent.agent,
        source=intent.source,
        opened_at=opened,
        protection=protection(trade),
        state=trade.label.lower(),
        verified=True,
        unprotected_sec=(now_ms - trade.bare_at) / 1000 if trade.bare_at else 0.0,
        sl_pct=float(intent.sl_pct) or None,
        tp_pct=float(intent.tp_pct) or None,
        trailing=trade.sl > intent.sl,
        mark_px=None if mark is None else float(mark),
        unrealized_pnl=None if pnl is None else float(pnl),
        unrealized_pnl_pct=None if pnl is None or not px or not size else float(pnl / (px * size) * 100),
        market="TRADING" if filters is None else filters.status,
    )


def entry_reply(trade: Trade) -> messages.PendingEntry:
    """A LIMIT entry in any state."""
    intent, leg = trade.intent, entry_leg(trade)
    ttl_ms = intent.ttl_at - intent.created_at
    return messages.PendingEntry(
        id=intent.id,
        client_order_id=leg.cid if leg else "MT_",
        order_id=_order_id(leg, 0),
        symbol=intent.symbol,
        direction=intent.side,
        entry_px=float(intent.px),
        size=float(intent.qty),
        sl_pct=float(intent.sl_pct),
        tp_pct=float(intent.tp_pct),
        rr=intent.rr or None,
        sl_px=float(intent.sl),
        tp_px=float(intent.tp),
        ttl_hours=ttl_ms / HOUR_MS,
        status=entry_status(trade),
        filled_size=float(leg.cum) if leg else 0.0,
        bot=intent.bot,
        agent=intent.agent,
        created_at=intent.created_at // 1000,
        expires_at=intent.ttl_at // 1000,
    )


def entry_status(trade: Trade) -> messages.EntryStatus:
    """The status of a LIMIT entry; one that ended after a partial fill is `filled`."""
    leg = entry_leg(trade)
    if is_pending(trade):
        return "pending"
    if leg is not None and leg.cum > 0:
        return "filled"
    return "cancelled" if trade.halt or trade.close_reason not in {"", "expired_unsent"} else "expired"

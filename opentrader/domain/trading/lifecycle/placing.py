"""The effects of a tick, and the record of each that is committed before it is sent."""

from __future__ import annotations

from decimal import Decimal

from opentrader.domain.copies import copied
from opentrader.domain.trading.venue import (
    ZERO,
    CancelList,
    CancelOrder,
    Close,
    Effect,
    Filters,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    ReplaceList,
    SymbolStatus,
)

from .ids import entry_id, exit_id
from .records import Leg, LegKind, Trade, revised
from .scene import Scene
from .settings import LifecycleSettings

Sent = tuple[Trade, Effect]


def sent(scene: Scene, kind: LegKind, cid: str, qty: Decimal, sl: Decimal = ZERO, tp: Decimal = ZERO) -> Leg:
    refused = scene.trade.leg(cid)
    return Leg(
        cid,
        kind,
        scene.trade.next_gen(kind),
        "SENT",
        qty,
        sl,
        tp,
        sent_at=scene.now,
        horizon_at=scene.now + scene.settings.horizon,
        wallet_at_send=scene.wallet,
        refused=refused.refused if refused else "",
        refusal=refused.refusal if refused else "",
        refusals=refused.refusals + 1 if refused else 0,
    )


def kept(scene: Scene, leg: Leg) -> Trade:
    return copied(scene.trade.with_leg(leg), last_send=scene.now)


def spent(scene: Scene) -> bool:
    return is_spent(scene.trade, scene.now, scene.settings)


def is_spent(trade: Trade, now: int, settings: LifecycleSettings) -> bool:
    """Whether the trade has sent as many orders lately as it may, whatever they were good for."""
    sends = trade.sends
    return len(sends) >= settings.budget and now - sends[-settings.budget] < settings.budget_window


def counted(scene: Scene, trade: Trade) -> Trade:
    return copied(trade, sends=(*trade.sends, scene.now)[-scene.settings.budget :])


def enter(scene: Scene) -> Sent:
    """The entry; the user's own coins are recorded, because they must not be sold."""
    intent = scene.trade.intent
    leg = sent(scene, "E", entry_id(intent, scene.view.filters.cid_length), intent.qty, intent.sl, intent.tp)
    px = intent.px if intent.kind == "limit" else None
    trade = copied(kept(scene, leg), base_at_entry=scene.wallet, ok_at=scene.now)
    return trade, PlaceEntry(leg.cid, intent.symbol, intent.side, intent.qty, px, scene.now)


def stop_limit(filters: Filters, stop_px: Decimal, offset: Decimal) -> Decimal | None:
    """The limit price of a stop-limit, a little beyond its stop; None for a market stop."""
    return None if filters.stop_type == "STOP_LOSS" else filters.price(stop_px * (1 - offset))


def limit_px(scene: Scene, stop_px: Decimal) -> Decimal | None:
    return stop_limit(scene.view.filters, stop_px, scene.settings.limit_offset)


def protect(scene: Scene, qty: Decimal, level: Decimal, target: Decimal = ZERO) -> Sent:
    """Stop and target (that of the trade, or another) as a list; without lists the stop alone, with a soft target."""
    target = target or scene.trade.tp
    if not scene.view.filters.lists:
        leg, effect = stop(scene, qty, level)
        return counted(scene, kept(scene, leg)), effect
    intent, gen, length = scene.trade.intent, scene.trade.next_gen("L"), scene.view.filters.cid_length
    cid, stop_cid, target_cid = (exit_id(intent, kind, gen, length) for kind in ("L", "P", "T"))
    leg = sent(scene, "L", cid, qty, level, target)
    leg = copied(leg, stop_cid=stop_cid, target_cid=target_cid)
    return counted(scene, kept(scene, leg)), PlaceList(
        cid,
        stop_cid,
        target_cid,
        intent.symbol,
        "sell",
        qty,
        level,
        limit_px(scene, level),
        target,
        scene.now,
    )


def stop(scene: Scene, qty: Decimal, level: Decimal) -> tuple[Leg, PlaceStop]:
    intent = scene.trade.intent
    cid = exit_id(intent, "S", scene.trade.next_gen("S"), scene.view.filters.cid_length)
    leg = sent(scene, "S", cid, qty, level)
    return leg, PlaceStop(cid, intent.symbol, "sell", qty, level, limit_px(scene, level), scene.now)


def replace_list(scene: Scene, old: Leg, level: Decimal) -> Sent:
    """T1: cancel the list and place a single stop instead, in one request."""
    leg, effect = stop(scene, old.rest, level)
    trade = counted(scene, kept(scene, copied(leg, replaces=old.cid)))
    return trade.with_leg(cancelling(old, scene.now)), ReplaceList(old.cid, old.stop_cid, effect)


def close(scene: Scene, qty: Decimal) -> Sent:
    intent = scene.trade.intent
    cid = exit_id(intent, "C", scene.trade.next_gen("C"), scene.view.filters.cid_length)
    return counted(scene, kept(scene, sent(scene, "C", cid, qty))), Close(cid, intent.symbol, "sell", qty, scene.now)


def cancelling(leg: Leg, now: int) -> Leg:
    return copied(leg, cancel_sent=now, cancel_at=now)


def untouched(leg: Leg, status: SymbolStatus) -> Leg:
    """What rests has not been canceled either: it is read no more often than if nobody had tried."""
    kept = leg.open and leg.cancel_sent and (status != "CANCEL_ONLY" or leg.kind != "E")
    return copied(leg, cancel_sent=0) if kept else leg


def cancel(scene: Scene, leg: Leg) -> Sent:
    """A cancel may be repeated: it can only remove an order."""
    symbol = scene.trade.intent.symbol
    effect = CancelList(leg.cid, symbol) if leg.kind == "L" else CancelOrder(leg.cid, symbol)
    trade = kept(scene, cancelling(leg, scene.now))
    known = not leg.flag and not leg.cancel_sent and not scene.trade.bare_at
    covered = leg.kind != "E" and known and scene.held - leg.rest < scene.view.filters.step
    return revised(trade, ok_at=scene.now) if covered else trade, effect  # it covers until we take it away

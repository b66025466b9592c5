"""The exchange calls that execute an effect, for any exchange, and what goes with them."""

from __future__ import annotations

from collections.abc import Callable

from opentrader.domain.ports import Clock
from opentrader.domain.trading.exchange import Exchange, ListLeg, NewList, NewOrder, OrderKind
from opentrader.domain.trading.venue import (
    CancelList,
    CancelOrder,
    Close,
    Effect,
    Outcome,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    Refused,
    ReplaceList,
)


async def send(exchange: Exchange, effect: Effect) -> Outcome:
    """Execute one effect; never raises."""
    match effect:
        case PlaceList():
            return await exchange.place_list(new_list(effect))
        case ReplaceList():
            return await exchange.replace(effect.cancel_cid, stop_order(effect.stop))
        case CancelOrder():
            return await exchange.cancel(effect.symbol, effect.cid)
        case CancelList():
            return await exchange.cancel_list(effect.symbol, effect.cid)
        case PlaceStop():
            return await exchange.place(stop_order(effect))
        case PlaceEntry() | Close():
            return await exchange.place(plain_order(effect))


def plain_order(effect: PlaceEntry | Close) -> NewOrder:
    """A LIMIT entry, or a market order."""
    px = effect.px if isinstance(effect, PlaceEntry) else None
    kind: OrderKind = "MARKET" if px is None else "LIMIT"
    return NewOrder(
        cid=effect.cid, symbol=effect.symbol, side=effect.side, type=kind, qty=effect.qty, sent_at=effect.sent_at, px=px
    )


def stop_order(stop: PlaceStop) -> NewOrder:
    kind: OrderKind = "STOP_LOSS" if stop.limit_px is None else "STOP_LOSS_LIMIT"
    return NewOrder(
        cid=stop.cid,
        symbol=stop.symbol,
        side=stop.side,
        type=kind,
        qty=stop.qty,
        sent_at=stop.sent_at,
        px=stop.limit_px,
        stop_px=stop.stop_px,
    )


def new_list(effect: PlaceList) -> NewList:
    """An order list of stop and target; the target of a sell is the leg above the price, of a buy the leg below."""
    kind: OrderKind = "STOP_LOSS" if effect.limit_px is None else "STOP_LOSS_LIMIT"
    stop = ListLeg(cid=effect.stop_cid, type=kind, px=effect.limit_px, stop_px=effect.stop_px)
    target = ListLeg(effect.target_cid, "LIMIT_MAKER", effect.target_px)
    above, below = (target, stop) if effect.side == "sell" else (stop, target)
    return NewList(
        cid=effect.cid,
        symbol=effect.symbol,
        side=effect.side,
        qty=effect.qty,
        above=above,
        below=below,
        sent_at=effect.sent_at,
    )


async def send_in_time(
    exchange: Exchange, effect: Effect, clock: Clock, *, late_ms: int, barred: Callable[[], str]
) -> Outcome:
    """Send an effect, unless it is too late or an entry is blocked by the gate: `barred` says why."""
    if isinstance(effect, PlaceEntry) and (why := barred()):
        return Refused("gate", text=why)
    sent_at = getattr(effect, "sent_at", None)
    if sent_at is not None and clock.market_ms() - sent_at > late_ms:
        return Refused("late", text="it was committed too long ago")
    return await send(exchange, effect)


def told_of(effect: Effect) -> str:
    """The client order id of the leg that an answer to an effect tells of."""
    return effect.stop.cid if isinstance(effect, ReplaceList) else effect.cid

"""The exchange calls that execute an effect, and the ones that read one view of a symbol, for any exchange."""

from __future__ import annotations

from collections.abc import Awaitable
from types import MappingProxyType
from typing import TypeVar

from opentrader.domain.trading.exchange import Exchange, ListLeg, NewList, NewOrder, OrderKind, OrderNotFound
from opentrader.domain.trading.venue import (
    ZERO,
    Balance,
    CancelList,
    CancelOrder,
    Close,
    Effect,
    Order,
    OrderList,
    Outcome,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    ReplaceList,
    VenueView,
    Watch,
)
from opentrader.errors import ExchangeError

T = TypeVar("T")

NOTHING = Balance(ZERO, ZERO)


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


async def read(exchange: Exchange, watch: Watch) -> VenueView:
    """Read one view of a symbol. A part that could not be read is None; an order is neither found nor missing.

    Orders and history are read before the balance, so that the balance includes every fill they show. Raises
    `ExchangeError` when the rules of the symbol or the time of the exchange cannot be read.
    """
    symbol = watch.symbol
    filters = await exchange.filters(symbol)
    found, missing = await _looked_up(exchange, watch)
    open_orders = await _or_none(exchange.open_orders(symbol))
    history = await _or_none(exchange.orders(symbol, watch.since))
    fills = await _or_none(exchange.fills(symbol, watch.since))
    balances = await _or_none(exchange.balances())
    ticker = await _or_none(exchange.ticker(symbol))
    return VenueView(
        filters=filters,
        at=ticker.at if ticker else await exchange.server_time(),
        last=ticker.last if ticker else None,
        balance=None if balances is None else balances.get(filters.base, NOTHING),
        open_orders=open_orders,
        history=history,
        fills=fills,
        found=MappingProxyType(found),
        missing=frozenset(missing),
    )


async def _looked_up(exchange: Exchange, watch: Watch) -> tuple[dict[str, Order | OrderList], set[str]]:
    found: dict[str, Order | OrderList] = {}
    missing: set[str] = set()
    for cid in (*watch.orders, *watch.lists):
        try:
            found[cid] = await _look_up(exchange, watch, cid)
        except OrderNotFound:
            missing.add(cid)
        except ExchangeError:
            continue  # neither found nor missing
    return found, missing


async def _look_up(exchange: Exchange, watch: Watch, cid: str) -> Order | OrderList:
    if cid in watch.orders:
        return await exchange.order(watch.symbol, cid)
    return await exchange.order_list(watch.symbol, cid)


async def _or_none(reading: Awaitable[T]) -> T | None:
    try:
        return await reading
    except ExchangeError:
        return None

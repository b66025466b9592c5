"""Small values for the tests of single rules: a trade of 10 coins bought at 100, stop 90, target 120."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from opentrader.domain.trading.lifecycle import (
    Intent,
    Leg,
    LifecycleSettings,
    Trade,
    planned,
    tick,
)
from opentrader.domain.trading.lifecycle.fold import folded
from opentrader.domain.trading.lifecycle.ids import entry_id, exit_id
from opentrader.domain.trading.looks import VenueView
from opentrader.domain.trading.venue import Balance, Effect, Filters, Order, OrderList

D = Decimal
NOW = 1_000_000_000
SETTINGS = LifecycleSettings()
FILTERS = Filters("BTCUSDT", "BTC", "USDT", D(1), D(1), D(1), D(10), D(0))
INTENT = Intent(
    "01HZY3Q8V6W7X8Y9Z0A1B2C3D4", "limit", "BTCUSDT", "buy", D(10), D(100), D(90), D(120), 0, NOW - 60_000, "aB3d"
)
ENTRY, LIST, STOP, TARGET, SINGLE, CLOSE = (
    entry_id(INTENT),
    *(exit_id(INTENT, kind, 1) for kind in ("L", "P", "T", "S", "C")),
)


def leg(kind: str, state: str, **fields: Any) -> Leg:
    """A leg sent half a minute ago, long past its horizon."""
    cids = {"E": ENTRY, "L": LIST, "S": SINGLE, "C": CLOSE}
    plain: dict[str, Any] = {
        "cid": cids[kind],
        "gen": 1,
        "qty": D(10),
        "sl": D(90),
        "tp": D(120),
        "sent_at": NOW - 30_000,
        "horizon_at": NOW - 15_000,
    }
    if kind == "L":
        plain |= {"stop_cid": STOP, "target_cid": TARGET}
    if kind == "E" and state == "FILLED":
        plain |= {"cum": D(10), "covered": D(10), "quote": D(1000)}
    return Leg(kind=kind, state=state, **{**plain, **fields})  # type: ignore[arg-type]  # words as a test writes them


BOUGHT = leg("E", "FILLED")


def trade(*legs: Leg, **fields: Any) -> Trade:
    label = "PROTECTED" if any(leg.kind in {"L", "S"} and leg.open for leg in legs) else "UNPROTECTED"
    told = replace(planned(INTENT), legs=legs, ok_at=NOW, last_send=NOW - 30_000)
    return replace(told, **{"label": label, **fields})


def entry_order(status: str = "FILLED", cum: int = 10, **fields: Any) -> Order:
    return order(ENTRY, "buy", "LIMIT", status, cum=cum, px=D(100), **fields)


def order(cid: str, side: str, kind: str, status: str, qty: int = 10, cum: int = 0, **fields: Any) -> Order:
    plain: dict[str, Any] = {"ex_id": f"x{cid}", "qty": D(qty), "cum": D(cum), "created_at": NOW - 30_000}
    return Order(cid=cid, side=side, type=kind, status=status, **{**plain, **fields})  # type: ignore[arg-type]  # words as a test writes them


def oco(stop: str = "OPEN", target: str = "OPEN", target_cum: int = 0, qty: int = 10, **fields: Any) -> OrderList:
    filled = 10 if stop == "FILLED" else 0
    below = order(STOP, "sell", "STOP_LOSS", stop, qty, filled, stop_px=D(90), list_id="7", **fields)
    cum = 10 if target == "FILLED" else target_cum
    above = order(TARGET, "sell", "LIMIT_MAKER", target, qty, cum, px=D(120), list_id="7")
    return OrderList(LIST, "7", "OPEN" in {stop, target}, below, above)


def single(status: str = "OPEN", **fields: Any) -> Order:
    return order(SINGLE, "sell", "STOP_LOSS", status, stop_px=D(90), **fields)


def view(*seen: Order | OrderList, last: int = 100, wallet: int = 10, **fields: Any) -> VenueView:
    """A complete, fresh read that shows these; whatever else is asked for is not there."""
    orders: list[Order] = []
    for each in seen:
        orders += [each.stop, each.target] if isinstance(each, OrderList) else [each]
    locks = {each.list_id or each.ex_id: each.rest for each in orders if each.side == "sell" and each.status == "OPEN"}
    locked = sum(locks.values(), D(0))
    plain: dict[str, Any] = {
        "last": D(last),
        "balance": Balance(D(wallet) - locked, locked),
        "open_orders": tuple(each for each in orders if each.status == "OPEN"),
        "history": tuple(orders),
        "fills": (),
        "found": MappingProxyType({each.cid: each for each in seen}),
        "missing": frozenset({ENTRY, LIST, SINGLE, CLOSE} - {each.cid for each in seen}),
    }
    told = {**plain, **fields}
    names = {"last": "price"}
    failed = frozenset(names.get(name, name) for name in plain if told[name] is None)
    return VenueView(**{"filters": FILTERS, "at": NOW, "failed": failed, **told})


def ticked(told: Trade, seen: VenueView, now: int = NOW) -> tuple[Trade, Effect | None]:
    """A tick that reads no more than this."""
    ticked = tick(told, seen, now, SETTINGS)
    return ticked.trade, ticked.effect


def effect_of(told: Trade, *seen: Order | OrderList, **fields: Any) -> Effect | None:
    return ticked(told, view(*seen, **fields))[1]


def fold(told: Trade, seen: VenueView, now: int = NOW) -> Trade:
    return folded(told, seen, now, SETTINGS)


def known(told: Trade) -> list[tuple[object, ...]]:
    return [(each.state, each.cum, each.fees, each.covered, each.quote) for each in told.legs]

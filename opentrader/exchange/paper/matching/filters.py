"""The filters of the paper exchange, checked before an order reaches the matching engine.

Each check raises `Refusal` with the venue's code and text, in the venue's order: parameters first, then filters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from opentrader.domain.symbols import Listing
from opentrader.domain.trading.exchange import NewList, NewOrder, OrderKind
from opentrader.domain.trading.order_rules import failed_filter
from opentrader.domain.trading.venue import ZERO, Filters, PriceBand
from opentrader.exchange.paper.matching.orders import CONTINGENT, STOPS, TAKE_PROFITS
from opentrader.exchange.refusals import DUPLICATE, Refusal

CID = re.compile(r"[a-zA-Z0-9-_]{1,36}", re.ASCII)
MOST_DECIMALS = 8
LARGEST = Decimal(10) ** 10
ORDER_TYPES = frozenset({"MARKET", "LIMIT", "LIMIT_MAKER", *STOPS, *TAKE_PROFITS})

# Tick and step of the usual markets, as Binance quotes them.
KNOWN: dict[str, tuple[str, str]] = {
    "BTCUSDT": ("0.01", "0.00001"),
    "ETHUSDT": ("0.01", "0.0001"),
    "BNBUSDT": ("0.01", "0.001"),
    "SOLUSDT": ("0.01", "0.001"),
    "XRPUSDT": ("0.0001", "0.1"),
    "ADAUSDT": ("0.0001", "0.1"),
    "DOGEUSDT": ("0.00001", "1"),
    "AVAXUSDT": ("0.001", "0.01"),
}
MIN_NOTIONAL = {"BTC": Decimal("0.0001"), "ETH": Decimal("0.001"), "BNB": Decimal("0.01")}
USUAL_MIN_NOTIONAL = Decimal(5)


def usual_filters(listing: Listing, price: Decimal, taker_rate: Decimal) -> Filters:
    """The filters of a market: known values, else a grid that fits its price.

    A tick is at most 1/10,000 of the price; a step is worth between 0.1 and 1 of the quote currency.
    """
    magnitude = price.adjusted()
    fitting = Decimal(1).scaleb(magnitude - 4), Decimal(1).scaleb(-magnitude - 1)
    finest = Decimal(1).scaleb(-MOST_DECIMALS)
    tick, step = map(Decimal, KNOWN[listing.pair]) if listing.pair in KNOWN else fitting
    return Filters(
        listing.pair,
        listing.base,
        listing.quote,
        tick=max(tick, finest),
        step=max(step, finest),
        min_qty=max(step, finest),
        min_notional=MIN_NOTIONAL.get(listing.quote, USUAL_MIN_NOTIONAL),
        taker_rate=taker_rate,
        order_types=ORDER_TYPES,
        cancel_replace=True,
        band=PriceBand(),
    )


def check_order(order: NewOrder, filters: Filters, last: Decimal) -> None:
    """Check parameters and filters of one order. Raises `Refusal`."""
    check_cid("newClientOrderId", order.cid)
    _check_parameters(order)
    _check_precision(order)
    _check_type(order.type, filters)
    failed = failed_filter(filters, order.side, order.qty, last, px=order.px, stop_px=order.stop_px)
    if failed:
        raise Refusal(-1013, f"Filter failure: {failed}")


def check_list(new: NewList, orders: Iterable[NewOrder], filters: Filters, last: Decimal) -> None:
    """Check the shape of a list, then both of its orders, the upper one first. Raises `Refusal`."""
    check_cid("listClientOrderId", new.cid)
    _check_shape(new)
    if new.above.cid == new.below.cid:
        raise Refusal(-1013, DUPLICATE)
    for order in orders:
        check_order(order, filters, last)


def check_cid(name: str, cid: str) -> None:
    if not CID.fullmatch(cid):
        legal = "^[a-zA-Z0-9-_]{1,36}$"
        raise Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def _check_parameters(order: NewOrder) -> None:
    """Each order type requires its prices and allows no others."""
    wanted = {"px": order.type not in {"MARKET", "STOP_LOSS", "TAKE_PROFIT"}, "stop_px": order.type in CONTINGENT}
    for field, name in (("px", "price"), ("stop_px", "stopPrice")):
        value: Decimal | None = getattr(order, field)
        if wanted[field] and (value is None or not value.is_finite() or value <= ZERO):
            raise Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
        if value is not None and not wanted[field]:
            raise Refusal(-1106, f"Parameter '{name}' sent when not required.")
    if not order.qty.is_finite() or order.qty <= ZERO:
        raise Refusal(-1102, "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.")
    if order.time_in_force != "GTC" and (order.type == "LIMIT_MAKER" or not wanted["px"]):
        raise Refusal(-1106, "Parameter 'timeInForce' sent when not required.")


def _check_precision(order: NewOrder) -> None:
    named = (("quantity", order.qty), ("price", order.px), ("stopPrice", order.stop_px))
    for name, value in named:
        if value is not None and value >= LARGEST:
            raise Refusal(-1108, f"Parameter '{name}' overflowed.")
        if value is not None and value != round(value, MOST_DECIMALS):
            raise Refusal(-1111, f"Parameter '{name}' has too much precision.")


def _check_type(kind: OrderKind, filters: Filters) -> None:
    if kind not in filters.order_types:
        spoken = kind.replace("_", " ").capitalize()
        raise Refusal(-1013, f"{spoken} orders are not supported for this symbol.")


_LIMITS = frozenset({"LIMIT", "LIMIT_MAKER"})


def _check_shape(new: NewList) -> None:
    """Check which order type is on which side of the price."""
    above, below, side = new.above.type, new.below.type, new.side
    if not {above, below} <= CONTINGENT | {"LIMIT_MAKER"}:
        raise Refusal(-1158, "Order type not supported in OCO.")
    if not {above, below} & CONTINGENT:
        raise Refusal(-1168, "At least one OCO order must be contingent.")
    profit, loss = (above, below) if side == "sell" else (below, above)
    faults = {
        "sell": ((-1166, "limit", "above"), (-1197, "stop loss", "below"), (-1199, "take profit", "above")),
        "buy": ((-1165, "limit", "below"), (-1196, "stop loss", "above"), (-1198, "take profit", "below")),
    }[side]
    wrong = (loss in _LIMITS, profit in STOPS, loss in TAKE_PROFITS)
    for misplaced, (code, kind, where) in zip(wrong, faults, strict=True):
        if misplaced:
            raise Refusal(code, f"A {kind} order in a {side} OCO must be {where}.")

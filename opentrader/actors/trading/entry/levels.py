"""Stop and target of an entry as they will be sent, and what refuses them before anything is. Pure.

Nothing is bought that its own costs would stop out, or that the exchange would not let be protected.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from opentrader.domain.trading.exchange import PriceTicker
from opentrader.domain.trading.lifecycle.ids import at_distance
from opentrader.domain.trading.lifecycle.placing import stop_limit
from opentrader.domain.trading.lifecycle.settings import BINANCE
from opentrader.domain.trading.order_rules import failed_filter
from opentrader.domain.trading.venue import ZERO, Filters
from opentrader.errors import Fault, InvalidInput, OrderRejected

BASIS = Decimal(100)  # basis points to a percent
HUNDRED = Decimal(100)
MOVES = Decimal("0.01")  # how far the price may go between planning and protecting, as a fraction of it


@dataclass(frozen=True, slots=True)
class Levels:
    """The price that an entry is computed from, its stop and its target, each on a tick."""

    px: Decimal
    sl: Decimal
    tp: Decimal


def levels_of(px: Decimal, sl_pct: Decimal, tp_pct: Decimal, filters: Filters) -> Levels:
    """Distances are first rounded to a basis point, because the client order id encodes them for recovery."""
    sl = filters.price(at_distance(px, -_basis_points(sl_pct)))
    return Levels(px, sl, filters.limit_price("sell", at_distance(px, _basis_points(tp_pct))))


def _basis_points(percent: Decimal) -> int:
    return max(1, round(percent * BASIS))


def demand_levels(
    levels: Levels, tp_pct: Decimal, ticker: PriceTicker, filters: Filters, names: tuple[str, str]
) -> None:
    """Raise `InvalidInput` for a stop or target that does not exceed its own costs, or that is out of place.

    `names`: the parameters of the request that set stop and target.
    """
    told = (_of_stop(levels, ticker, filters), _of_target(tp_pct * levels.px / HUNDRED, levels, filters))
    faults = [Fault(("query", name), text, "value_error") for name, text in zip(names, told, strict=True) if text]
    if faults:
        raise InvalidInput(faults)


def _of_stop(levels: Levels, ticker: PriceTicker, filters: Filters) -> str:
    """What is wrong with the stop: it would be hit by its own costs, or could not be placed below the bid."""
    spread, stop = ticker.ask - ticker.bid, levels.px - levels.sl
    cost = spread + _fees(levels, filters)
    if stop <= cost:
        return f"should exceed the spread and the fees of {_percent(cost, levels)}, but is {_percent(stop, levels)}"
    bid = min(levels.px, ticker.ask) - spread  # at the entry: a resting one waits until the ask has come to its price
    if not ZERO < levels.sl <= bid - filters.tick:
        return f"gives a stop of {levels.sl:f}, which is not below the bid {bid:f} by a tick of {filters.tick:f}"
    return ""


def _of_target(earned: Decimal, levels: Levels, filters: Filters) -> str:
    fees = _fees(levels, filters)
    if earned > fees:
        return ""
    return f"should exceed the fees of {_percent(fees, levels)}, but is {_percent(earned, levels)}"


def _fees(levels: Levels, filters: Filters) -> Decimal:
    """Of the entry and the exit together."""
    return 2 * filters.taker_rate * levels.px


def _percent(amount: Decimal, levels: Levels) -> str:
    return f"{float(amount / levels.px * HUNDRED):.4g} %"


def demand_exits(symbol: str, levels: Levels, qty: Decimal, last: Decimal, filters: Filters) -> None:
    """Raise `OrderRejected` where the exchange would refuse stop or target of what is left after the highest fees.

    The band is asked at the price of the entry and a little around it: the exits are placed some time after that.
    """
    left = filters.floor(qty * (1 - filters.taker_rate))
    least = filters.ceil(max(filters.min_qty, BINANCE.notional_margin * filters.min_notional / levels.sl))
    if left < least:
        raise OrderRejected(
            f"{left:f} {filters.base} would be left of {symbol} after fees; a stop order needs at least {least:f}",
            hint="nothing was sent; a closer stop allows a larger trade",
        )
    entered = min(levels.px, last)
    limit = stop_limit(filters, levels.sl, BINANCE.limit_offset)
    for at in (entered * (1 - MOVES), entered * (1 + MOVES)):
        _demand(symbol, "stop", levels.sl, failed_filter(filters, "sell", left, at, px=limit, stop_px=levels.sl))
        if filters.lists:
            _demand(symbol, "target", levels.tp, failed_filter(filters, "sell", left, at, px=levels.tp))


def demand_limit(symbol: str, px: Decimal, qty: Decimal, last: Decimal, filters: Filters) -> None:
    """Raise `OrderRejected` where the exchange would refuse the limit order of an entry."""
    _demand(symbol, "entry", px, failed_filter(filters, "buy", qty, last, px=px))


def _demand(symbol: str, what: str, level: Decimal, failed: str) -> None:
    if failed:
        raise OrderRejected(
            f"the exchange would reject the {what} of {symbol} at {level:f}: {failed}",
            hint="nothing was sent; a level closer to the price may pass",
        )

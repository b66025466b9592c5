"""The risk gate: the size of an entry, and the limits that refuse one. Pure functions; money is Decimal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from opentrader.domain.signals import Direction
from opentrader.domain.trading.venue import Filters
from opentrader.errors import DailyLimitReached, InsufficientBalance, RiskLimit

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Risk:
    """The limits. Percentages are of equity; agents cannot change them."""

    per_trade_pct: Decimal = Decimal("0.5")
    max_notional_pct: Decimal = Decimal(10)
    max_open: int = 8  # open trades and pending entries together
    max_trades_day: int = 3
    max_daily_loss_pct: Decimal = Decimal(3)
    cooldown_sec: int = 0  # after a stop-out, per pair
    collar_pct: Decimal = Decimal(5)


@dataclass(frozen=True, slots=True)
class Funds:
    """The funds of the account, in the quote currency."""

    equity: Decimal
    free: Decimal


def size(funds: Funds, price: Decimal, stop: Decimal, filters: Filters, risk: Risk) -> Decimal:
    """The quantity of an entry, limited by the risk at the stop, the maximum notional and the free balance.

    notional = min(equity x risk % / sl %, equity x max notional %, free / (1 + fee)), floored to the step; sl % is the
    distance of the stop as it will be sent, on a tick. Raises `InsufficientBalance` or `RiskLimit` when that is below
    the minimum order of the venue.
    """
    affordable = funds.free / (1 + filters.taker_rate)
    at_stop = (price - stop) / price * HUNDRED
    allowed = funds.equity * min(risk.per_trade_pct / at_stop, risk.max_notional_pct / HUNDRED)
    quantity = filters.floor(min(affordable, allowed) / price)
    if quantity >= filters.min_qty and quantity * price >= filters.min_notional:
        return quantity
    least = max(filters.min_qty * price, filters.min_notional)
    if affordable < least:
        raise InsufficientBalance(
            f"{funds.free:f} {filters.quote} free; an order in {filters.symbol} needs at least {least:f}"
        )
    raise RiskLimit(
        f"the risk limits allow {allowed:.2f} {filters.quote} with this stop;"
        f" an order in {filters.symbol} needs at least {least:f}",
        hint="Use a closer stop: it allows a larger trade.",
    )


def demand_within_collar(direction: Direction, price: Decimal, last: Decimal, risk: Risk) -> None:
    """Raise `RiskLimit` for a limit price too far through the market: a buy above the last price, a sell below it."""
    ahead = (price - last) / last * HUNDRED * (1 if direction == "buy" else -1)
    if ahead > risk.collar_pct:
        raise RiskLimit(
            f"a {direction} at {price:f} is {ahead:.1f} % through the last price {last:f}",
            hint=f"The price collar is {risk.collar_pct:f} %: use a price closer to the market.",
        )


@dataclass(frozen=True, slots=True)
class Day:
    """The UTC day so far: entries executed, and the realized PnL of closed trades."""

    trades: int
    pnl: Decimal


def demand_room(open_and_pending: int, day: Day, equity: Decimal, risk: Risk, *, counts: bool) -> None:
    """Raise the daily or position limit that refuses an entry. `counts`: the daily trade limit applies to it."""
    if counts and day.trades >= risk.max_trades_day:
        raise DailyLimitReached(
            f"{day.trades} of {risk.max_trades_day} trades opened today",
            hint="The count starts again at 00:00 UTC.",
        )
    if open_and_pending >= risk.max_open:
        raise RiskLimit(f"{open_and_pending} trades and pending entries are open; the limit is {risk.max_open}")
    limit = equity * risk.max_daily_loss_pct / HUNDRED
    if -day.pnl >= limit > 0:
        raise RiskLimit(
            f"today's loss of {-day.pnl:.2f} reaches the limit of {limit:.2f}",
            hint="No new entries until 00:00 UTC.",
        )

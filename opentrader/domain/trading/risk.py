"""The risk gate: how large a trade may be, and what stands in the way of a new one. Pure; money is Decimal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from opentrader.domain.signals import Direction
from opentrader.domain.trading.venue import Filters
from opentrader.errors import DailyLimitReached, InsufficientBalance, RiskLimit

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Risk:
    """The caps. Percentages are of the equity; agents cannot change them."""

    per_trade_pct: Decimal = Decimal("0.5")
    max_notional_pct: Decimal = Decimal(10)
    max_open: int = 8  # open trades and pending entries together
    max_trades_day: int = 3
    max_daily_loss_pct: Decimal = Decimal(3)
    cooldown_sec: int = 0  # after a stop-out, per pair
    collar_pct: Decimal = Decimal(5)


@dataclass(frozen=True, slots=True)
class Funds:
    """What there is to trade with, in the quote currency."""

    equity: Decimal
    free: Decimal


def size(funds: Funds, price: Decimal, sl_pct: Decimal, filters: Filters, risk: Risk) -> Decimal:
    """The quantity of an entry: what may be lost at the stop, the cap on one position, and the money at hand.

    notional = min(equity x risk % / sl %, equity x max notional %, free / (1 + fee)), floored to the step. Raises
    `InsufficientBalance` or `RiskLimit` where that is less than the venue lets anybody trade.
    """
    affordable = funds.free / (1 + filters.taker_rate)
    allowed = funds.equity * min(risk.per_trade_pct / sl_pct, risk.max_notional_pct / HUNDRED)
    quantity = filters.floor(min(affordable, allowed) / price)
    if quantity >= filters.min_qty and quantity * price >= filters.min_notional:
        return quantity
    least = max(filters.min_qty * price, filters.min_notional)
    if affordable < least:
        raise InsufficientBalance(f"{funds.free:f} {filters.quote} are free; {filters.symbol} needs {least:f}")
    raise RiskLimit(
        f"the risk settings allow {allowed:.2f} {filters.quote} for this stop; {filters.symbol} needs {least:f}",
        hint="a closer stop allows a larger trade",
    )


def demand_within_collar(direction: Direction, price: Decimal, last: Decimal, risk: Risk) -> None:
    """Raise `RiskLimit` for a limit far on the aggressive side: a buy above the last price, a sell below it."""
    ahead = (price - last) / last * HUNDRED * (1 if direction == "buy" else -1)
    if ahead > risk.collar_pct:
        raise RiskLimit(
            f"a {direction} at {price:f} is {ahead:.1f} % through the last price {last:f}",
            hint=f"the collar is {risk.collar_pct:f} %",
        )


@dataclass(frozen=True, slots=True)
class Day:
    """The UTC day so far: entries executed, and what was realised on closed trades."""

    trades: int
    pnl: Decimal


def demand_room(open_and_pending: int, day: Day, equity: Decimal, risk: Risk, *, counts: bool) -> None:
    """Raise what the day or the number of positions forbids. `counts`: the daily count stops this entry."""
    if counts and day.trades >= risk.max_trades_day:
        raise DailyLimitReached(
            f"{day.trades} of {risk.max_trades_day} trades were opened today",
            hint="POST /api/reset-daily starts the count anew; it begins at 0 at 00:00 UTC",
        )
    if open_and_pending >= risk.max_open:
        raise RiskLimit(f"{open_and_pending} trades and entries are open, the limit is {risk.max_open}")
    limit = equity * risk.max_daily_loss_pct / HUNDRED
    if -day.pnl >= limit > 0:
        raise RiskLimit(f"{-day.pnl:.2f} were lost today, the limit is {limit:.2f}", hint="no new entries today")

"""The trailing stop: break-even first, then a chandelier exit; it only tightens.

Chandelier exit after Chuck LeBeau: three ATR from the best price, ignoring any change that adds risk.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal, NamedTuple

from opentrader.domain.analysis.parameters import TRAILING, Trailing

Reason = Literal["hold", "break_even", "chandelier", "too_close"]

_SIX_DECIMALS = Decimal("0.000001")


class TrailingStop(NamedTuple):
    """The new stop price and the reason for it."""

    stop: float
    reason: Reason


def trail_stop(
    direction: Literal["buy", "sell"],
    entry: float,
    sl0: float,
    sl: float,
    best: float,
    last: float,
    atr: float | None,
    tick: float,
    parameters: Trailing = TRAILING,
) -> TrailingStop:
    """The stop of an open trade after the last closed candle.

    Args:
        direction: side of the trade.
        entry: entry price.
        sl0: the initial stop, which defines the risk R.
        sl: the current stop.
        best: most favourable high (buy) or low (sell) since the entry, the entry included.
        last: last price.
        atr: ATR(14) of the bot's timeframe, None if unknown.
        tick: price step of the venue.
    """
    side = 1 if direction == "buy" else -1
    if side * (entry - sl0) <= 0 or atr is None or atr <= 0:
        return TrailingStop(sl, "hold")
    candidate, reason = _candidate(side, parameters, entry=entry, sl0=sl0, best=best, atr=atr)
    if candidate is None or side * (candidate - sl) <= 0:
        return TrailingStop(sl, "hold")
    stop = _on_tick(side, candidate, tick)
    if side * (stop - sl) <= 0:
        return TrailingStop(sl, "hold")
    if side * (last - stop) < max(tick, parameters.min_gap_atr * atr):
        return TrailingStop(sl, "too_close")
    return TrailingStop(stop, reason)


def _candidate(
    side: int, p: Trailing, *, entry: float, sl0: float, best: float, atr: float
) -> tuple[float | None, Reason]:
    """The tighter of break-even and chandelier, once the excursion in R has reached their thresholds."""
    risk, excursion = side * (entry - sl0), side * (best - entry)
    if excursion < p.be_at_R * risk:
        return None, "hold"
    break_even = entry * (1 + side * p.be_cost_pct / 100)
    chandelier = best - side * p.chand_atr * atr
    if excursion >= p.trail_at_R * risk and side * (chandelier - break_even) > 0:
        return chandelier, "chandelier"
    return break_even, "break_even"


def _on_tick(side: int, price: float, tick: float) -> float:
    """`price` on the tick grid, rounded away from the market; float noise below 1e-6 of a tick is not a tick."""
    step = Decimal(str(tick))
    ticks = (Decimal(str(price)) / step).quantize(_SIX_DECIMALS, ROUND_HALF_EVEN)
    return float(ticks.to_integral_value(ROUND_FLOOR if side > 0 else ROUND_CEILING) * step)

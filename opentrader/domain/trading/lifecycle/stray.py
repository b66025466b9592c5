"""Sales that the book cannot explain: they sold what was not ours to sell."""

from __future__ import annotations

from decimal import Decimal

from opentrader.domain.trading.venue import ZERO, Filters

from .fold import oversold
from .records import Label, Trade

OVER: frozenset[Label] = frozenset({"FLAT", "DUST"})


def sold(trade: Trade) -> Decimal:
    """What its exits and closes have sold."""
    return sum((leg.cum for leg in trade.legs if leg.kind != "E"), ZERO)


def stray_sale(before: Trade, after: Trade, filters: Filters) -> str:
    """What an order of a trade has sold that it should not have; an empty string where every sale is explained."""
    more = sold(after) - sold(before)
    if more <= 0:
        return ""
    over, name = oversold(after, filters), f"trade {after.intent.id}"
    if over > filters.step:
        return f"{name} has sold {over:f} {filters.base} more than it held"
    if before.label in OVER:
        return f"an order of {name}, which had ended, has sold {more:f} {filters.base}"
    return ""

"""The filters of a venue for one order: for those who plan an order, and for the paper exchange that takes it."""

from __future__ import annotations

from decimal import Decimal

from opentrader.domain.trading.venue import Filters, Side


def failed_filter(
    filters: Filters,
    side: Side,
    qty: Decimal,
    last: Decimal,
    *,
    px: Decimal | None = None,
    stop_px: Decimal | None = None,
) -> str:
    """The venue's name of the first filter that an order fails; empty if it passes all.

    As at Binance, the band limits limit prices alone, and the notional counts at the limit price, else at the trigger,
    else at the last price.
    """
    if any(price is not None and (price <= 0 or price % filters.tick) for price in (px, stop_px)):
        return "PRICE_FILTER"
    if px is not None and filters.band is not None and not filters.band.holds(side, px, last):
        return "PERCENT_PRICE_BY_SIDE"
    if qty < filters.min_qty or qty % filters.step:
        return "LOT_SIZE"
    return "NOTIONAL" if qty * (px or stop_px or last) < filters.min_notional else ""

"""Commissions of the paper exchange."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from opentrader.domain.trading.venue import Side

GRAIN = Decimal("1e-8")
BNB = "BNB"


@dataclass(frozen=True, slots=True)
class Fees:
    """Commission as a fraction of the notional: 0.001 is 0.1 %. With `in_bnb`, paid in BNB at a discount if available.

    Source of the rates and the discount: Binance's fee schedule for a regular account.
    """

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")
    in_bnb: bool = False
    discount: Decimal = Decimal("0.75")

    @property
    def worst(self) -> Decimal:
        return max(self.maker, self.taker)


def received(side: Side, base: str, quote: str, qty: Decimal, px: Decimal, rate: Decimal) -> tuple[str, Decimal]:
    """The commission on the asset received, base for a buy and quote for a sell, as (asset, amount)."""
    asset, amount = (base, qty) if side == "buy" else (quote, qty * px)
    return asset, (amount * rate).quantize(GRAIN, ROUND_DOWN)


def in_bnb(notional: Decimal, rate: Decimal, bnb_price: Decimal) -> Decimal:
    """The commission in BNB for a notional in the currency of `bnb_price`."""
    return (notional * rate / bnb_price).quantize(GRAIN, ROUND_DOWN)

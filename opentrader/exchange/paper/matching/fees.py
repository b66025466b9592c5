"""Commissions of the paper exchange."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from opentrader.domain.trading.venue import ZERO, Side

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


@dataclass(frozen=True, slots=True)
class Commission:
    """The commission of one fill. `rate`: the price of one BNB in the quote currency at that time, 0 if not in BNB."""

    asset: str
    amount: Decimal
    rate: Decimal = ZERO


def received(side: Side, base: str, quote: str, qty: Decimal, px: Decimal, rate: Decimal) -> Commission:
    """The commission on the asset received, base for a buy and quote for a sell."""
    asset, amount = (base, qty) if side == "buy" else (quote, qty * px)
    return Commission(asset, (amount * rate).quantize(GRAIN, ROUND_DOWN))


def in_bnb(notional: Decimal, rate: Decimal, bnb_price: Decimal) -> Commission:
    """The commission in BNB for a notional in the currency of `bnb_price`."""
    return Commission(BNB, (notional * rate / bnb_price).quantize(GRAIN, ROUND_DOWN), bnb_price)

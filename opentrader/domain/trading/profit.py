"""What a trade has earned, exactly, from its orders and their fills. Pure.

    pnl = got - paid - fees in the quote currency - other fees x rate

A fee out of the coins bought is no cost of its own: it reduces what can be sold. What is left over is worth nothing.
Where a fill or a rate is missing, the figures are those of the orders with the highest fee, so that the profit is not
overstated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import partial, reduce
from operator import add, attrgetter

from opentrader.domain.trading.lifecycle.records import Leg, Trade
from opentrader.domain.trading.venue import ZERO, Fill, Filters


@dataclass(frozen=True, slots=True)
class Earnings:
    """Sums over orders. `bought`, `sold` and `coin_fees` are in the base asset, the others in the quote currency.

    `costs` are the fees that reduce the profit, `coin_fees` those out of the coins bought, worth `coin_costs`. `gaps`
    counts the orders whose fills, or the rates of whose fees, are not all known.
    """

    bought: Decimal = ZERO
    sold: Decimal = ZERO
    paid: Decimal = ZERO
    got: Decimal = ZERO
    costs: Decimal = ZERO
    coin_fees: Decimal = ZERO
    coin_costs: Decimal = ZERO
    gaps: int = 0

    def __add__(self, other: Earnings) -> Earnings:
        return Earnings(*map(add, _sums(self), _sums(other)))

    @property
    def known(self) -> bool:
        return not self.gaps

    @property
    def pnl(self) -> Decimal:
        return self.got - self.paid - self.costs

    @property
    def fees(self) -> Decimal:
        """All fees, in the quote currency."""
        return self.costs + self.coin_costs

    @property
    def left_over(self) -> Decimal:
        return self.bought - self.coin_fees - self.sold


_sums = attrgetter(*(field.name for field in fields(Earnings)))


def earnings(trade: Trade, fills: Sequence[Fill], filters: Filters) -> Earnings:
    """What a trade has earned so far. `fills` may include those of other trades."""
    legs = (_of_leg(leg, trade.intent.px, fills, filters) for leg in trade.legs if leg.cum or leg.ex_ids)
    return reduce(add, legs, Earnings())


def merged(known: Iterable[Fill], read: Iterable[Fill]) -> tuple[Fill, ...]:
    """The fills of both, each once, with its rate where one of them has it."""
    fills = {fill.trade_id: fill for fill in known}
    for fill in read:
        if fill.rate or fill.trade_id not in fills:
            fills[fill.trade_id] = fill
    return tuple(fills.values())


def _of_leg(leg: Leg, px: Decimal, fills: Sequence[Fill], filters: Filters) -> Earnings:
    """`px`: the price of an entry that was paid at an unknown one, because its order was not found."""
    own, buys = [fill for fill in fills if fill.order_ex_id in leg.ex_ids], leg.kind == "E"
    told, amount = _qty(own), _notional(own)
    if told < leg.cum:
        amount = max(amount, leg.quote or (leg.cum * px if buys else ZERO))
    unpriced = [fill for fill in own if not _is_priced(fill, filters)]
    at_worst = (amount - _notional(own) + _notional(unpriced)) * filters.taker_rate
    coins = [fill for fill in own if buys and fill.fee_asset == filters.base]
    qty = max(leg.cum, told)
    return Earnings(
        bought=qty if buys else ZERO,
        sold=ZERO if buys else qty,
        paid=amount if buys else ZERO,
        got=ZERO if buys else amount,
        costs=sum(map(partial(_cost, filters=filters), own), at_worst),
        coin_fees=sum((fill.fee for fill in coins), ZERO),
        coin_costs=sum((fill.fee * fill.px for fill in coins), ZERO),
        gaps=int(told != leg.cum or bool(unpriced)),
    )


def _qty(fills: Iterable[Fill]) -> Decimal:
    return sum((fill.qty for fill in fills), ZERO)


def _notional(fills: Iterable[Fill]) -> Decimal:
    return sum((fill.qty * fill.px for fill in fills), ZERO)


def _is_priced(fill: Fill, filters: Filters) -> bool:
    return not fill.fee or fill.fee_asset in {filters.base, filters.quote} or fill.rate > 0


def _cost(fill: Fill, filters: Filters) -> Decimal:
    """What the fee of a fill costs, in the quote currency; 0 for one out of the coins bought."""
    if fill.fee_asset == filters.quote:
        return fill.fee
    if fill.fee_asset == filters.base:
        return ZERO if fill.side == "buy" else fill.fee * fill.px
    return fill.fee * fill.rate

"""What became of a trade: its row of the history, and what to tell whoever asked for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from opentrader.actors.trade_shown import bought, entry_leg, entry_px, held
from opentrader.actors.trading_replies import ClosedTrade as Shown
from opentrader.actors.trading_replies import ExitReason
from opentrader.domain.ledger import ClosedTrade
from opentrader.domain.lifecycle.records import Leg, Trade
from opentrader.domain.venue import ZERO, Fill, Filters
from opentrader.errors import ExchangeError, OpentraderError, OrderRejected

_ASKED: dict[str, ExitReason] = {
    "close": "close",
    "closeall": "closeall",
    "sell": "sell",
    "soft_stop": "sl",
    "soft_tp": "tp",
    "tp_rest": "tp",
    "external": "external",
}


def closed(trade: Trade, fills: Sequence[Fill], filters: Filters, mark: Decimal, now_ms: int) -> ClosedTrade | None:
    """The row of a trade that is over, from its own fills; None when nothing was ever bought.

    Where fills are missing, the orders themselves tell what was exchanged; their fees are then not known.

    pnl = received - paid - fees of the sale + what dust is left, at the exit price. The fee of a purchase that was
    taken in the base asset shows in what could be sold.
    """
    if bought(trade) <= 0:
        return None
    buys, sells = _sum(fills, "buy"), _sum(fills, "sell")
    exits = [leg for leg in trade.legs if leg.kind != "E"]
    paid, size = _exchanged(buys, trade.entries)
    paid = paid or size * trade.intent.px  # rebuilt without its entry: nobody knows what was paid
    received, sold = _exchanged(sells, exits)
    exit_px = received / sold if sold else mark
    fees = sells.fee(filters.quote) + buys.fee(filters.quote)
    pnl = received - fees - paid + (held(trade) + trade.adj) * exit_px
    return ClosedTrade(
        trade.intent.id,
        trade.intent.symbol,
        trade.intent.side,
        size,
        paid / size,
        exit_px,
        pnl,
        pnl / paid * 100,
        trade.intent.bot,
        trade.intent.source,
        exit_reason(trade, exit_px, any_sold=sold > 0),
        trade.entries[0].sent_at // 1000,
        max((fill.at for fill in fills), default=now_ms) // 1000,
        trade.intent.agent or None,
        fees + buys.fee(filters.base) * (paid / size),
        tuple(_number(ex_id) for leg in trade.exits if leg.state == "CANCELED" for ex_id in leg.ex_ids),
    )


class _Sum:
    def __init__(self, fills: list[Fill]) -> None:
        self._fills = fills
        self.qty = sum((fill.qty for fill in fills), ZERO)
        self.notional = sum((fill.qty * fill.px for fill in fills), ZERO)

    def fee(self, asset: str) -> Decimal:
        return sum((fill.fee for fill in self._fills if fill.fee_asset == asset), ZERO)


def _sum(fills: Sequence[Fill], side: str) -> _Sum:
    return _Sum([fill for fill in fills if fill.side == side])


def _exchanged(fills: _Sum, legs: Sequence[Leg]) -> tuple[Decimal, Decimal]:
    """Quote and quantity: by the fills, unless orders have executed more than these tell of."""
    qty, quote = sum((leg.cum for leg in legs), ZERO), sum((leg.quote for leg in legs), ZERO)
    return (fills.notional, fills.qty) if fills.qty >= qty else (quote, qty)


def _number(ex_id: str) -> int | str:
    return int(ex_id) if ex_id.isdecimal() else ex_id


def exit_reason(trade: Trade, exit_px: Decimal, *, any_sold: bool) -> ExitReason:
    """By whom it ended: somebody who asked, the stop, the target, or the daemon that could not protect it."""
    if not any_sold:
        return "external"
    last = max(
        (leg for leg in trade.legs if leg.kind != "E" and leg.cum > 0), key=lambda leg: leg.sent_at, default=None
    )
    if last is not None and last.kind in {"L", "S"}:
        return _by_exit(trade, last, exit_px)
    return _ASKED.get(trade.close_reason, "flattened")


def _by_exit(trade: Trade, leg: Leg, exit_px: Decimal) -> ExitReason:
    if abs(exit_px - leg.tp) < abs(exit_px - leg.sl):
        return "tp"
    return "trailing" if leg.sl > trade.intent.sl else "sl"


def shown(row: ClosedTrade) -> Shown:
    """A row of the history as the API shows it."""
    return Shown(
        row.id,
        row.symbol,
        row.direction,
        float(row.size),
        float(row.entry_px),
        float(row.exit_px),
        float(row.pnl),
        float(row.pnl_pct),
        row.bot,
        row.exit_reason,  # type: ignore[arg-type]  # the history holds what exit_reason gave
        row.opened_at,
        row.closed_at,
        float(row.fees),
        row.cancelled_orders,
    )


def not_opened(trade: Trade, row: ClosedTrade | None) -> OpentraderError:
    """Why an entry did not end as a protected position, for whoever waits for it."""
    leg, facts = entry_leg(trade), {"intent_id": trade.intent.id}
    if row is not None:
        return ExchangeError(
            f"{trade.intent.symbol} was bought at {row.entry_px:f} but could not be protected, and was sold again",
            hint=f"sold at {row.exit_px:f}; the trade is in the history as {row.exit_reason}",
            **facts,
        )
    if leg is not None and leg.state == "ABSENT":
        return ExchangeError("the exchange did not take the order", hint="not placed, safe to retry", **facts)
    if (leg is not None and leg.state in {"SENT", "UNKNOWN"}) or trade.quar:
        return ExchangeError("the outcome of the order is unknown", hint="look at GET /api/trades", **facts)
    return OrderRejected(f"the exchange refused the entry of {trade.intent.symbol}", hint="nothing was bought", **facts)


def average_entry(trade: Trade) -> Decimal:
    """The average price of the entry, or what it was computed from where the fills are not known."""
    return entry_px(trade) or trade.intent.px

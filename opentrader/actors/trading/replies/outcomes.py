"""The outcome of a trade: its history row, and the reply to the request for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from opentrader.actors.messages import (
    ClosedTradeReply,
    ExitReason,
    ManualPlaced,
    TradeOpened,
    TradeSold,
)
from opentrader.actors.trading.replies.presenter import (
    bought,
    entry_leg,
    entry_px,
    entry_reply,
    is_open,
    is_pending,
    trade_reply,
)
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import own_fills
from opentrader.domain.trading.lifecycle.records import Leg, Trade
from opentrader.domain.trading.profit import earnings
from opentrader.domain.trading.venue import ZERO, Fill, Filters
from opentrader.errors import (
    EntryWithdrawn,
    ExchangeError,
    InsufficientBalance,
    NotReady,
    OpentraderError,
    OrderRejected,
    TradingHalted,
)

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
    """The history row of a closed trade, from its own fills; None when nothing was ever bought.

    `now_ms`: when it was found closed, for a trade that did not end with a sale. See `profit` for the figures.
    """
    if bought(trade) <= 0:
        return None
    earned = earnings(trade, fills, filters)
    exit_px = earned.got / earned.sold if earned.sold else mark
    return ClosedTrade(
        id=trade.intent.id,
        symbol=trade.intent.symbol,
        direction=trade.intent.side,
        size=earned.bought,
        entry_px=earned.paid / earned.bought,
        exit_px=exit_px,
        pnl=earned.pnl,
        pnl_pct=earned.pnl / earned.paid * 100 if earned.paid else ZERO,
        bot=trade.intent.bot,
        source=trade.intent.source,
        exit_reason=exit_reason(trade, exit_px, any_sold=earned.sold > 0),
        opened_at=trade.entries[0].sent_at // 1000,
        closed_at=_ended_ms(trade, fills, now_ms) // 1000,
        agent=trade.intent.agent or None,
        fees=earned.fees,
        cancelled_orders=tuple(
            _number(ex_id) for leg in trade.exits if leg.state == "CANCELED" for ex_id in leg.ex_ids
        ),
        fees_known=earned.known,
        left_over=earned.left_over if all(leg.cid for leg in trade.entries) else None,
    )


def _ended_ms(trade: Trade, fills: Sequence[Fill], now_ms: int) -> int:
    """The last sale, unless what was held went without an order of ours."""
    sales = (fill.at for fill in own_fills(trade, fills) if fill.side == "sell")
    return now_ms if trade.adj else max(sales, default=now_ms)


def _number(ex_id: str) -> int | str:
    return int(ex_id) if ex_id.isdecimal() else ex_id


def exit_reason(trade: Trade, exit_px: Decimal, *, any_sold: bool) -> ExitReason:
    """What closed the trade: a request, the stop, the target, or the daemon because it could not protect it."""
    if trade.dropped:
        return "orphan"
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


def closed_trade_reply(row: ClosedTrade) -> ClosedTradeReply:
    """A history row as a reply."""
    return ClosedTradeReply(
        id=row.id,
        symbol=row.symbol,
        direction=row.direction,
        size=float(row.size),
        entry_px=float(row.entry_px),
        exit_px=float(row.exit_px),
        pnl=float(row.pnl),
        pnl_pct=float(row.pnl_pct),
        bot=row.bot,
        exit_reason=row.exit_reason,  # type: ignore[arg-type]  # the history stores the result of exit_reason
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        fees=float(row.fees),
        cancelled_orders=row.cancelled_orders,
        fees_known=row.fees_known,
        left_over=None if row.left_over is None else float(row.left_over),
    )


def entered(
    trade: Trade, row: ClosedTrade | None, least: Decimal, mark: Decimal | None, now_ms: int
) -> TradeOpened | ManualPlaced | TradeSold:
    """The reply to the request for an entry, whenever it is repeated. Raises the reason if there was no position.

    `row` is the row of the history of a trade that has ended: it is told as closed, whoever closed it.
    """
    if is_pending(trade):
        return ManualPlaced(status="pending", entry=entry_reply(trade))
    limit, agent, now = trade.intent.kind == "limit", trade.intent.agent, now_ms // 1000
    if is_open(trade, least):
        opened = trade_reply(trade, mark, now_ms)
        if limit:
            return ManualPlaced(status="filled", entry=entry_reply(trade), trade=opened)
        return TradeOpened(trade=opened, agent=agent, timestamp=now)
    if row is None or never_protected(trade, row):
        raise not_opened(trade, row)
    rows = (closed_trade_reply(row),)
    if limit:
        return ManualPlaced(status="filled", entry=entry_reply(trade), closed=rows)
    return TradeSold(closed=rows, agent=agent, timestamp=now, intent_id=trade.intent.id)


def never_protected(trade: Trade, row: ClosedTrade) -> bool:
    """Whether the daemon sold it again because the exchange accepted no exit; nobody had asked for that."""
    return row.exit_reason == "flattened" and not any(leg.ex_ids for leg in trade.exits)


def never_sent(trade: Trade) -> bool:
    """Whether the entry never reached the exchange and never will: then the request may be repeated."""
    leg = entry_leg(trade)
    if leg is None:
        return trade.label == "FLAT"
    return leg.state == "ABSENT" or (leg.state == "REJECTED" and leg.refused in {"gate", "late"})


def not_opened(trade: Trade, row: ClosedTrade | None) -> OpentraderError:
    """The error that explains why an entry did not become a protected position."""
    leg, pair, facts = entry_leg(trade), trade.intent.symbol, {"intent_id": trade.intent.id}
    if row is not None:
        return ExchangeError(
            f"{pair} was bought at {average_entry(trade):f} but could not be protected, and was sold again",
            hint=f"sold at {row.exit_px:f}; the history shows it as {row.exit_reason}",
            **facts,
        )
    if bought(trade):
        return ExchangeError(f"what became of the position in {pair} is unknown", hint="see GET /api/trades", **facts)
    if leg is None:
        return EntryWithdrawn(
            f"the entry of {pair} was canceled before it was sent", hint="nothing was bought", **facts
        )
    if leg.state == "ABSENT":
        return ExchangeError("the exchange did not receive the order", hint="not placed, safe to retry", **facts)
    if leg.in_flight or trade.quar:
        return ExchangeError("the outcome of the order is unknown", hint="see GET /api/trades", **facts)
    if leg.state == "REJECTED":
        return _refused(pair, leg, facts)
    ended = f"the exchange ended the entry of {pair} ({leg.state.lower()}) before anything was bought"
    return OrderRejected(ended, hint="nothing was bought", **facts)


def _refused(pair: str, leg: Leg, facts: dict[str, str]) -> OpentraderError:
    if leg.refused == "gate":
        return TradingHalted(f"the entry of {pair} was not sent: {leg.refusal}", hint="nothing was bought", **facts)
    if leg.refused == "late":
        return NotReady(f"the entry of {pair} was not sent: {leg.refusal}", hint="nothing was bought", **facts)
    kind = InsufficientBalance if leg.refused == "balance" else OrderRejected
    why = f": {leg.refusal}" if leg.refusal else ""
    return kind(f"the exchange rejected the entry of {pair}{why}", hint="nothing was bought", **facts)


def average_entry(trade: Trade) -> Decimal:
    """The average entry price, or the intended price where the fills are unknown."""
    return entry_px(trade) or trade.intent.px

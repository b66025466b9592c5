"""What the log tells of trading: each state that a trade comes to, each alert, its end, and the halt of entries."""

from __future__ import annotations

import logging

from opentrader.domain.trading.ledger import ClosedTrade, Control
from opentrader.domain.trading.lifecycle import Trade
from opentrader.domain.trading.lifecycle.records import Severity

logger = logging.getLogger(__name__)

_GRAVE: dict[Severity, int] = {"note": logging.INFO, "alert": logging.WARNING, "page": logging.ERROR}


def tell(before: Trade | None, after: Trade) -> None:
    """Log what is new; nothing of a quiet tick."""
    if before is None or before.label != after.label:
        logger.info("%s: %s", _name(after), _state(after))
    for alert in after.alerts:
        if before is None or alert not in before.alerts:
            logger.log(_GRAVE[alert.severity], "%s: %s", _name(after), alert.code)


def tell_taken_over(trade: Trade) -> None:
    logger.info("%s: taken over, %s", _name(trade), _state(trade))


def tell_over(trade: Trade, row: ClosedTrade | None) -> None:
    """Log the end of a trade that is in the history, or of one that never bought anything (None)."""
    if row is None:
        logger.info("%s, is over: nothing was bought", _name(trade))
    else:
        sold = f"{row.size:f} at {row.exit_px:f}, pnl {row.pnl:.2f}"
        logger.info("%s: closed (%s): %s", _name(trade), row.exit_reason, sold)


def tell_control(before: Control, after: Control) -> None:
    if after.halted and not before.halted:
        logger.warning("trading is halted: %s", after.reason)
    elif before.halted and not after.halted:
        logger.info("trading goes on")


def _name(trade: Trade) -> str:
    return f"trade {trade.intent.id}, {trade.intent.symbol}"


def _state(trade: Trade) -> str:
    return "accepted" if trade.label == "NONE" else trade.label.lower().replace("_", " ")

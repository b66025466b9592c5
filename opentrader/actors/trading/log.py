"""Log lines of trading: every new state of a trade, its alerts, its end, and halt and resume."""

from __future__ import annotations

import logging

from opentrader.domain.trading.ledger import ClosedTrade, Control
from opentrader.domain.trading.lifecycle import Trade
from opentrader.domain.trading.lifecycle.records import Severity

logger = logging.getLogger(__name__)

_LEVELS: dict[Severity, int] = {"note": logging.INFO, "alert": logging.WARNING, "page": logging.ERROR}


def log_change(before: Trade | None, after: Trade) -> None:
    """Log a new state and new alerts; nothing if neither changed."""
    if before is None or before.label != after.label:
        logger.info("%s: %s", _name(after), _state(after))
    for alert in after.alerts:
        if before is None or alert not in before.alerts:
            logger.log(_LEVELS[alert.severity], "%s: %s", _name(after), alert.code)


def log_resumed(trade: Trade) -> None:
    logger.info("%s: resumed, %s", _name(trade), _state(trade))


def log_closed(trade: Trade, row: ClosedTrade | None) -> None:
    """Log the end of a trade; `row` is None if its entry was never filled."""
    if row is None:
        logger.info("%s: closed: entry never filled", _name(trade))
    else:
        sold = f"{row.size:f} at {row.exit_px:f}, pnl {row.pnl:.2f}"
        logger.info("%s: closed (%s): %s", _name(trade), row.exit_reason, sold)


def log_control(before: Control, after: Control) -> None:
    if after.halted and not before.halted:
        logger.warning("trading is halted: %s", after.reason)
    elif before.halted and not after.halted:
        logger.info("trading resumed")


def _name(trade: Trade) -> str:
    return f"trade {trade.intent.id}, {trade.intent.symbol}"


def _state(trade: Trade) -> str:
    return "accepted" if trade.label == "NONE" else trade.label.lower().replace("_", " ")

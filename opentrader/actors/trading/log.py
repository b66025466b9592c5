"""Log lines of trading: every new state of a trade, its alerts, its end, and halt and resume."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from opentrader.domain.trading.ledger import ClosedTrade, Control
from opentrader.domain.trading.lifecycle import Trade
from opentrader.domain.trading.lifecycle.records import Label

logger = logging.getLogger(__name__)

_STATES: Mapping[Label, str] = {
    "NONE": "accepted",
    "ENTERING": "entering",
    "PARTIAL_HELD": "the entry is partially filled",
    "PROTECTING": "placing the stop and the target",
    "PROTECTED": "protected",
    "REPLACING": "replacing the stop and the target",
    "UNPROTECTED": "unprotected",
    "CLOSING": "closing",
    "SWEEPING": "nothing held; making sure that no order is left on the exchange",
    "DUST": "ended; what is left is too little to sell",
    "FLAT": "ended; nothing is held and no order is left",
    "QUARANTINE": "in quarantine",
}
_ON_REQUEST = frozenset({"close: close", "close: closeall"})


def log_change(before: Trade | None, after: Trade) -> None:
    """Log a new state and new alerts; nothing if neither changed. The pager logs what lasts."""
    if before is None or before.label != after.label:
        logger.info("%s: %s", _name(after), _STATES[after.label])
    for alert in after.alerts:
        if before is None or alert not in before.alerts:
            quiet = alert.code in _ON_REQUEST or alert.severity == "note"
            level = logging.INFO if quiet else logging.WARNING
            logger.log(level, "%s: %s", _name(after), _told(alert.code))


def log_resumed(trade: Trade) -> None:
    logger.info("%s: resumed, %s", _name(trade), _STATES[trade.label])


def log_closed(trade: Trade, row: ClosedTrade | None) -> None:
    """Log the end of a trade; `row` is None if its entry was never filled."""
    if row is None:
        logger.info("%s: closed: entry never filled", _name(trade))
    else:
        sold = f"{row.size:f} at {row.exit_px:f}, {_profit(row)}"
        logger.info("%s: closed (%s): %s", _name(trade), row.exit_reason, sold)


def log_booked_again(trade: Trade, row: ClosedTrade | None) -> None:
    """Log that the row of a closed trade was replaced, because more is known of its fills."""
    if row is not None:
        logger.info("%s: booked again: %s", _name(trade), _profit(row))


def _profit(row: ClosedTrade) -> str:
    return f"pnl {row.pnl:.2f}" if row.fees_known else f"pnl {row.pnl:.2f} at worst, its fees are not known yet"


def log_control(before: Control, after: Control) -> None:
    if after.halted and not before.halted:
        logger.warning("trading is halted: %s", after.reason)
    elif before.halted and not after.halted:
        logger.info("trading resumed")


def _name(trade: Trade) -> str:
    return f"trade {trade.intent.id}, {trade.intent.symbol}"


def _told(code: str) -> str:
    """The code of an alert in words; the reason for which a trade is closed keeps the spelling of `exit_reason`."""
    kind, _, reason = code.partition(": ")
    return f"decided to close ({reason})" if kind == "close" else code

"""The desk of a trading part that is tested without its actor."""

from __future__ import annotations

from typing import Any

from opentrader.actors.trading.book import TradeBook
from opentrader.actors.trading.desk import Desk
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.domain.trading.lifecycle import BINANCE
from opentrader.domain.trading.ports import Records
from tests.fakes.links import links


def desk(**given: Any) -> Desk:
    """A desk with these in place of what is empty or cut; `pipe`, `ask`, `tell` and `clock` go into its links."""
    of_links = {name: given.pop(name) for name in ("clock", "ids", "ask", "tell", "pipe") if name in given}
    nothing: Any = None
    plain = {
        "links": links(**of_links),
        "book": TradeBook(BINANCE),
        "exchange": nothing,
        "records": Records(journal=nothing, commands=nothing, history=nothing, entry_counts=nothing, control=nothing),
        "rules": BINANCE,
        "instance": "TEST",
        "snapshot": TradingSnapshot,
        "show": lambda: None,
    }
    return Desk(**{**plain, **given})

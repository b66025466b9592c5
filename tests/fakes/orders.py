"""Requests of the tests: a market buy and a limit entry, in coins of the steered market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opentrader.actors import messages
from opentrader.exchange.paper.transport import InjectedFault, Script
from tests.fakes.market import PAIR, Market


def buy(**changes: Any) -> messages.ExecuteTrade:
    given = {"symbol": PAIR, "direction": "buy", "bot": "b", "sl": 2.0, "tp": 4.0, "ev": 30.0, "confidence": 9}
    return messages.ExecuteTrade(**{**given, **changes})


def limit(px: float, **changes: Any) -> messages.PlaceManual:
    given = {"symbol": PAIR, "direction": "buy", "entry_px": px, "sl_pct": 2.0, "rr": "1:2"}
    return messages.PlaceManual(**{**given, **changes})


async def last_closed(market: Market) -> Any:
    return (await market.ask(messages.HistoryOf())).trades[0]


async def faulty(tmp_path: Path, *faults: InjectedFault) -> Market:
    running = Market(tmp_path, Script(faults))
    await running.start()
    await running.go(100.0)
    return running

"""Messages about trades: their gates, and what a restored trade must look like."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors import messages
from tests.actors.messages.parsing import parsed, refused

ENTRY: dict[str, Any] = {
    "symbol": "ETH",
    "direction": "BUY",
    "bot": "mr_combined",
    "sl": "2.0",
    "tp": "4.0",
    "ev": "31.5",
    "confidence": "9",
}
LONG: dict[str, Any] = {
    "symbol": "BNB",
    "direction": "buy",
    "size": 1.5,
    "entry_px": 598.0,
    "sl_px": 580.0,
    "tp_px": 638.0,
}


def test_an_entry_is_read_from_words() -> None:
    entry = parsed(messages.ExecuteTrade, **ENTRY)
    assert (entry.direction, entry.sl, entry.ev, entry.confidence, entry.agent) == ("buy", 2.0, 31.5, 9, "ops")


@pytest.mark.parametrize(
    ("name", "value"),
    [("ev", 25), ("ev", "nan"), ("confidence", 7), ("confidence", 11), ("sl", 0), ("sl", 100), ("direction", "long")],
)
def test_the_gate_of_an_entry(name: str, value: Any) -> None:
    assert refused(messages.ExecuteTrade, **{**ENTRY, name: value}) == {name}


def test_a_stop_lies_on_the_losing_side() -> None:
    assert refused(messages.RestoreTrade, **LONG) == set()
    assert refused(messages.RestoreTrade, **{**LONG, "sl_px": 700.0}) == {"sl_px"}
    assert refused(messages.RestoreTrade, **{**LONG, "direction": "sell"}) == {"sl_px"}
    assert refused(messages.RestoreTrade, **{**LONG, "direction": "sell", "sl_px": 700.0}) == set()


def test_a_date_must_exist() -> None:
    assert refused(messages.RestoreTrade, **{**LONG, "date": "2026-02-30"}) == {"date"}


def test_what_reduces_risk_says_so_and_an_entry_does_not() -> None:
    assert messages.UpdateTrailing.reduces
    assert messages.UpdateTrailing.licensed
    assert messages.ExecuteTrade.licensed
    assert not messages.ExecuteTrade.reduces

"""Messages about signals: what a bot may post."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors import messages
from tests.actors.messages.parsing import parsed, refused

SIGNAL: dict[str, Any] = {"symbol": "ETH", "direction": "Buy", "bot": "mr_combined"}


def test_three_fields_are_enough() -> None:
    signal = parsed(messages.PostSignal, **SIGNAL)
    assert (signal.direction, signal.price, signal.checklist) == ("buy", None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [("price", 0), ("sl_pct", 100), ("tp_pct", 1001), ("rsi", 101), ("passed", -1), ("passed", 2**60), ("bot", "")],
)
def test_a_value_outside_its_range_is_refused(name: str, value: Any) -> None:
    assert refused(messages.PostSignal, **{**SIGNAL, name: value}) == {name}


def test_no_more_points_are_passed_than_there_are() -> None:
    assert refused(messages.PostSignal, **SIGNAL, passed=7, total=7) == set()
    assert refused(messages.PostSignal, **SIGNAL, passed=8, total=7) == {"passed"}


def test_a_scan_names_its_symbols_or_takes_the_watchlist() -> None:
    assert parsed(messages.ScanAndSignal).symbols is None
    assert refused(messages.ScanAndSignal, symbols=[]) == {"symbols"}
    assert refused(messages.ScanAndSignal, symbols=["BTC"] * 101) == {"symbols"}

"""One validation: of words and of messages, with the same faults; what actors send each other has none."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.messages.validation import parsed, validated
from opentrader.actors.runtime.message import Message, Ping
from opentrader.actors.trading.steps import CheckSymbol
from opentrader.errors import InvalidInput

GOOD: dict[str, Any] = {
    "symbol": "ETH",
    "direction": "buy",
    "bot": "b",
    "sl": 2.0,
    "tp": 4.0,
    "ev": 30.0,
    "confidence": 9,
}
PRICES: dict[str, Any] = {"size": 1.0, "entry_px": 600.0, "sl_px": 500.0, "tp_px": 700.0}


def faults(message: Message[Any]) -> list[tuple[tuple[str | int, ...], str, str]]:
    with pytest.raises(InvalidInput) as refused:
        validated(message)
    return [(fault.loc, fault.msg, fault.type) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("name", "value"), [("direction", "short"), ("ev", -100), ("ev", float("nan")), ("confidence", 0), ("sl", "much")]
)
def test_words_and_messages_have_the_same_faults(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        parsed(messages.ExecuteTrade, {**GOOD, name: value})
    of_words = [(fault.loc, fault.msg, fault.type) for fault in refused.value.faults]
    assert faults(messages.ExecuteTrade(**{**GOOD, name: value})) == of_words
    assert of_words[0][0] == (name,)


def test_every_fault_is_told_at_once() -> None:
    found = faults(messages.ExecuteTrade(**{**GOOD, "ev": 1, "confidence": 11, "symbol": "B C"}))
    assert [loc for loc, *_ in found] == [("symbol",), ("ev",), ("confidence",)]


def test_a_message_comes_back_as_its_annotations_want_it() -> None:
    entry: Any = {**GOOD, "direction": "BUY", "confidence": "9"}
    assert asdict(validated(messages.ExecuteTrade(**entry))) == asdict(messages.ExecuteTrade(**GOOD))


@pytest.mark.parametrize("side", ["long", "Short"])
def test_the_side_of_a_margin_exchange_is_named(side: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        validated(messages.ExecuteTrade(**{**GOOD, "direction": side}))
    assert refused.value.hint.startswith("use `")


def test_a_value_inside_another_is_validated_too() -> None:
    score = messages.StoreTrend("BTC", "uptrend", score=type(messages.StoreTrend("BTC", "uptrend").score)(-1, 0, 0))
    assert faults(score)[0][0] == ("score", "uptrend")


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (messages.PlaceManual("ETH", "buy", 2000.0, 3.0), "tp_pct"),
        (messages.PlaceManual("ETH", "buy", 2000.0, 3.0, rr="1:3", tp_pct=9.0), "tp_pct"),
        (messages.PlaceManual("ETH", "buy", 2000.0, 3.0, rr="1:101"), "rr"),
        (messages.PlaceManual("ETH", "buy", 2000.0, 3.0, rr="a lot"), "rr"),
        (messages.MarketOf("BTC", "4h", "1h"), "htf_tf"),
        (messages.ExplanationOf("BTC", "1w", "1d"), "htf_tf"),
        (messages.PostSignal(symbol="ETH", direction="buy", bot="b", passed=3, total=2), "passed"),
        (messages.RestoreTrade("BNB", "buy", 1.0, 600.0, 700.0, 650.0), "sl_px"),
        (messages.RestoreTrade("BNB", "buy", **PRICES, date="2026-02-30"), "date"),
    ],
)
def test_values_that_contradict_each_other_are_faults(message: Message[Any], name: str) -> None:
    assert [loc for loc, *_ in faults(message)] == [(name,)]


@pytest.mark.parametrize("message", [Ping(), CheckSymbol("BTCUSDT")])
def test_what_actors_send_each_other_cannot_be_asked(message: Message[Any]) -> None:
    with pytest.raises(TypeError, match="internal to the actors"):
        validated(message)

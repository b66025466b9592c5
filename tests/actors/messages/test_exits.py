"""Which requests reduce risk."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.messages.exits import is_exit
from opentrader.actors.runtime.message import Message


def trade(direction: Any) -> Message[Any]:
    return messages.ExecuteTrade("BTC", direction, bot="mr", sl=1.0, tp=2.0, ev=30, confidence=9)


@pytest.mark.parametrize(
    ("message", "reduces"),
    [
        (messages.ClosePosition("BTC"), True),
        (messages.CloseAll(), True),
        (messages.CancelEntry("01H"), True),
        (messages.Halt(), True),
        (trade("sell"), True),
        (trade("buy"), False),
        (messages.Resume(), False),
        (messages.ResetDaily(), False),
        (messages.UpdateTrailing(), False),
        (messages.UpdateAgent("coo", "idle"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_closes_cancels_or_halts(message: Message[Any], reduces: bool) -> None:
    assert is_exit(message) is reduces

"""What a refusal of the venue means: by its text where that is known, else by its code."""

from __future__ import annotations

import pytest

from opentrader.domain.trading.venue import Reason
from opentrader.exchange.refusals import DUPLICATE, INSUFFICIENT_BALANCE, WOULD_TRIGGER, Refusal, reason_of, refused


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        (-2010, DUPLICATE, "duplicate"),
        (-2010, INSUFFICIENT_BALANCE, "balance"),
        (-2010, WOULD_TRIGGER, "price"),
        (-2010, "Filter failure: MAX_NUM_ALGO_ORDERS", "filter"),
        (-2010, "Something new.", "other"),
        (-1003, "Too many requests.", "rate"),
        (-1021, "Timestamp", "clock"),
        (-2011, "Unknown order sent.", "not_found"),
        (-9999, "?", "other"),
    ],
)
def test_the_reason(code: int, text: str, reason: Reason) -> None:
    assert reason_of(code, text) == reason
    assert refused(code, text, 7) == refused(code, text, retry_after=7)
    assert refused(code, text).reason == reason


def test_a_refusal_carries_code_and_text() -> None:
    error = Refusal(-2010, DUPLICATE)
    assert (error.code, error.text, str(error)) == (-2010, DUPLICATE, DUPLICATE)

"""What an error of the venue means: by its text where that is known, else by its code; some codes tell nothing."""

from __future__ import annotations

import pytest

from opentrader.domain.trading.venue import Reason, Refused, Unknown
from opentrader.exchange.refusals import DUPLICATE, INSUFFICIENT_BALANCE, WOULD_TRIGGER, Refusal, outcome_of, reason_of


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
    assert outcome_of(code, text, 7) == Refused(reason, code, text, 7)


@pytest.mark.parametrize("code", [-1000, -1001, -1004, -1006, -1007, -1008])
def test_a_code_that_does_not_say_whether_it_was_done_is_no_refusal(code: int) -> None:
    """A refusal is planned anew: the same entry would be bought twice."""
    text = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
    assert outcome_of(code, text, 7) == Unknown(text)


def test_a_refusal_carries_code_and_text() -> None:
    error = Refusal(-2010, DUPLICATE)
    assert (error.code, error.text, str(error)) == (-2010, DUPLICATE, DUPLICATE)

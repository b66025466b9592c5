"""The tree of errors: one root, a code each, and facts that an answer may carry."""

from __future__ import annotations

import pytest

from opentrader import errors
from opentrader.errors import Fault, InvalidInput, NotNow, OpentraderError

ALL = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, OpentraderError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_of_the_api(kind: type[OpentraderError]) -> None:
    assert kind.code
    assert kind.code == kind.code.lower()
    assert kind.__doc__ or kind.__mro__[1].__doc__ or kind is not OpentraderError


def test_what_is_not_now_says_when_to_ask_again() -> None:
    later = [kind for kind in ALL if issubclass(kind, NotNow)]
    assert all(kind.retry_after > 0 for kind in later)


def test_an_error_carries_detail_hint_and_facts() -> None:
    error = OpentraderError("what was wrong", hint="what to do", symbol="BTCUSDT")
    assert (str(error), error.hint, error.facts) == ("what was wrong", "what to do", {"symbol": "BTCUSDT"})


def test_all_faults_of_an_input_are_told() -> None:
    faults = [Fault(("query", "sl"), "too small", "greater_than"), Fault(("body",), "Field required", "missing")]
    error = InvalidInput(faults)
    assert error.faults == faults
    assert all(fault.msg in str(error) for fault in faults)

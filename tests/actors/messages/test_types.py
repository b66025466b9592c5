"""The types that messages share: what they accept, and what they turn it into."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from opentrader.actors.messages import types


def accepted(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Side", ("buy", "SELL"), ("long", "", "buy ")),
        ("Caller", ("coo", "a.b-c_1"), ("", "two words", "x" * 33)),
        ("Percent", (0.1, 1000), (0, -1, 1000.1)),
        ("StopPercent", (0.1, 99.9), (0, 100)),
        ("Px", (1e-8, 1e15), (0, -1, 1.1e15)),
        ("Oscillator", (0, 100), (-0.1, 100.1)),
        ("Instant", (0, types.LAST_INSTANT), (-1, types.LAST_INSTANT + 1)),
        ("Offset", (0, 2**63 - 1), (-1, 2**63)),
        ("LicenseKey", ("OT-3Z7K-0Q4M-9B1D-7Q2M", "ot-3z7k-0q4m-9b1d-7q2m"), ("OT-3Z7K-0Q4M-9B1D", "3Z7K")),
        ("Email", ("me@example.com",), ("me", "@x", "a b@c.d")),
        ("OrderId", (7, "MT_1", None), ("", 1.5, "x" * 65)),
    ],
)
def test_a_value_is_accepted_within_its_limits(name: str, good: tuple[Any, ...], bad: tuple[Any, ...]) -> None:
    kind = getattr(types, name)
    assert [value for value in good if not accepted(kind, value)] == []
    assert [value for value in bad if accepted(kind, value)] == []


def test_a_side_is_lower_case_from_here_on() -> None:
    assert TypeAdapter(types.Side).validate_python("BUY") == "buy"


def test_a_number_that_json_cannot_hold_is_refused() -> None:
    kind = TypeAdapter[int](Annotated[int, types.Exact])
    assert kind.validate_python(str(2**53)) == 2**53
    with pytest.raises(ValidationError, match="should be at most"):
        kind.validate_python("9" * 30)

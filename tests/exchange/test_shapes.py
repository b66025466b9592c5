"""The shapes of answers: where the bounds of numbers, instants and names lie. Garbage: `test_checked.py`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from opentrader.domain.trading.exchange import GarbledAnswer
from opentrader.exchange import shapes

D = Decimal


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (shapes.amount, D(0)),
        (shapes.amount, D("-0.000")),
        (shapes.amount, D("1E-18")),
        (shapes.positive, D("123456789012345678.12345678")),
        (shapes.count, 0),
        (shapes.instant, 1_230_768_000_000),
        (shapes.instant, 4_102_444_800_000),
        (shapes.text, ""),
        (shapes.name, "币安人生USDT"),
        (shapes.name, "x" * 200),
        (shapes.flag, False),
    ],
)
def test_what_may_be(shape: Callable[[Any, str], None], value: Any) -> None:
    shape(value, "a value")


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (shapes.positive, D(0)),
        (shapes.amount, D("-1E-18")),
        (shapes.amount, D("1E+31")),
        (shapes.count, 1_000_001),
        (shapes.instant, 1_717_200_000),
        (shapes.instant, 1_717_200_000_000_000),
        (shapes.text, "a\nb"),
        (shapes.text, "\udfff"),
        (shapes.name, ""),
        (shapes.name, "x" * 201),
    ],
)
def test_what_may_not_be(shape: Callable[[Any, str], None], value: Any) -> None:
    with pytest.raises(GarbledAnswer, match=r"the exchange reported .* as a value"):
        shape(value, "a value")


def test_the_complaint_about_a_long_answer_is_short() -> None:
    with pytest.raises(GarbledAnswer) as told:
        shapes.ticker(["x" * 10_000] * 1_000)
    assert len(told.value.detail or "") < 500

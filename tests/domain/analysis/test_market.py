"""The analysis of a symbol as the JSON of the API."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from opentrader.domain.analysis.market import (
    HtfDetail,
    HtfLayer,
    MarketContext,
    MtfDetail,
    MtfLayer,
    TraceEntry,
)

BLOCKED = TraceEntry(4, "htf_location", "block", "no_trade", "htf_range_high")
HTF = HtfLayer("bull", "high", "clean", 110.0, 90.0, HtfDetail(200, 3, 0.95, None, None, 2.5))
MTF_DETAIL = MtfDetail(105.0, "bos", 2, 4, 0.5, 108.0, 95.0, 31.0, 0.4, 38.0, 1.1, 0.9, 0, (BLOCKED,))
MTF = MtfLayer("trend", "up", "confirmed", "fresh", "none", False, 1.5, MTF_DETAIL)
CONTEXT = MarketContext("BTCUSDT", "1d", "4h", HTF, MTF, "no_trade", "htf_range_high", 1_714_219_200)


def as_lists(value: Any) -> Any:
    """Tuples as JSON has them."""
    if isinstance(value, dict):
        return {name: as_lists(each) for name, each in value.items()}
    return [as_lists(each) for each in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("value", [BLOCKED, HTF.detail, HTF, MTF_DETAIL, MTF, CONTEXT])
def test_no_field_is_left_out_renamed_or_exchanged_for_another(value: Any) -> None:
    told = value.to_dict()
    assert told == as_lists(dataclasses.asdict(value))
    assert list(told) == [field.name for field in dataclasses.fields(value)]


def test_the_layers_are_nested_and_what_is_unknown_is_null() -> None:
    told = CONTEXT.to_dict()
    assert (told["symbol"], told["htf_tf"], told["mtf_tf"], told["timestamp"]) == ("BTCUSDT", "1d", "4h", 1_714_219_200)
    assert told["htf"]["detail"]["liquidity_level"] is None
    assert told["mtf"]["detail"]["priority_trace"] == [
        {
            "level": 4,
            "name": "htf_location",
            "verdict": "block",
            "decision": "no_trade",
            "reason": "htf_range_high",
        }
    ]


def test_an_analysis_cannot_be_changed_by_who_reads_it() -> None:
    CONTEXT.to_dict()["mtf"]["detail"]["priority_trace"].clear()
    assert CONTEXT.mtf.detail.priority_trace == (BLOCKED,)
    with pytest.raises(dataclasses.FrozenInstanceError):
        CONTEXT.symbol = "SOLUSDT"  # type: ignore[misc]  # what the test is about

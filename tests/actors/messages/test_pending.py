"""Messages about pending entries: one target, given in one of two ways."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.messages import ratio_of
from tests.actors.messages.parsing import parsed, refused

ENTRY: dict[str, Any] = {"symbol": "ETH", "direction": "buy", "entry_px": "2450.0", "sl_pct": "3.0"}


def test_the_target_follows_from_the_ratio_or_is_given() -> None:
    by_ratio = parsed(messages.PlaceManual, **ENTRY, rr="1:2.5")
    assert (by_ratio.target_pct, by_ratio.target_name) == (Decimal("7.5"), "rr")
    given = parsed(messages.PlaceManual, **ENTRY, tp_pct=6)
    assert (given.target_pct, given.target_name) == (Decimal(6), "tp_pct")


def test_the_target_is_exact_whatever_the_ratio() -> None:
    entry = parsed(messages.PlaceManual, **{**ENTRY, "sl_pct": 1.1}, rr="1:3")
    assert entry.target_pct == Decimal("3.3")


@pytest.mark.parametrize("given", [{}, {"rr": "1:3", "tp_pct": 6}])
def test_there_is_one_target(given: dict[str, Any]) -> None:
    assert refused(messages.PlaceManual, **ENTRY, **given) == {"tp_pct"}


@pytest.mark.parametrize("rr", ["3", "0:1", "1:0", "a:b", "1:2:3", "1:101"])
def test_a_ratio_is_two_positive_numbers_of_which_one_is_not_absurd(rr: str) -> None:
    assert refused(messages.PlaceManual, **ENTRY, rr=rr) == {"rr"}


def test_the_ratio_is_reward_over_risk() -> None:
    assert (ratio_of("1:3"), ratio_of(" 2 : 3 ")) == (3, Decimal("1.5"))


def test_an_entry_waits_a_day_unless_told_otherwise() -> None:
    assert parsed(messages.PlaceManual, **ENTRY, rr="1:3").ttl_hours == 24.0
    assert refused(messages.PlaceManual, **ENTRY, rr="1:3", ttl_hours=0) == {"ttl_hours"}

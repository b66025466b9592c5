"""The weeks that are known beforehand: one for every four hours of the week, as the search finds it."""

from __future__ import annotations

import pytest

from opentrader.domain.timeframes import TF_MS
from opentrader.feed.known_weeks import known_week
from opentrader.feed.weeks import start_of_week

MONDAY = start_of_week(1_714_219_200_000)


def test_every_slot_of_the_week_has_one() -> None:
    slots = range(0, TF_MS["1w"], TF_MS["4h"])
    assert all(known_week(MONDAY + slot) >= 0 for slot in slots)
    assert len({known_week(MONDAY + slot) for slot in slots}) > 1


@pytest.mark.parametrize("slot", [0, 11, 41])
def test_it_is_the_same_within_a_slot_and_in_every_week(slot: int) -> None:
    at = MONDAY + slot * TF_MS["4h"]
    assert known_week(at) == known_week(at + TF_MS["4h"] - 1) == known_week(at + 7 * TF_MS["1w"])

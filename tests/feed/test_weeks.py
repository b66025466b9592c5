"""Whole weeks, from Monday to Monday."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.timeframes import TIMEFRAMES, WEEK_MS, open_time
from opentrader.feed.weeks import shift_for, start_of_week, week_of, weeks_between

INSTANT = st.integers(0, 4_000_000_000_000)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "monday"),
    [
        ("2024-05-13T00:00:00", "2024-05-13"),
        ("2024-05-19T23:59:59.999", "2024-05-13"),
        ("2024-05-12T23:59:59.999", "2024-05-06"),
        ("1970-01-05T00:00:00", "1970-01-05"),
    ],
)
def test_a_week_begins_on_monday(at: str, monday: str) -> None:
    assert start_of_week(ms(at)) == ms(monday)


def test_weeks_are_counted_from_the_first_monday() -> None:
    assert week_of(ms("1970-01-05")) == 0
    assert week_of(ms("1970-01-04")) == -1
    assert weeks_between(ms("2024-05-12"), ms("2024-05-13")) == 1
    assert weeks_between(ms("2024-05-13"), ms("2024-05-19")) == 0
    assert weeks_between(ms("2024-05-20"), ms("2024-05-13")) == -1


def test_now_falls_in_the_week_of_at() -> None:
    now = ms("2026-11-25T14:30:00")  # a Wednesday
    shift = shift_for(ms("2024-06-15"), now)
    assert now - shift == ms("2024-06-12T14:30:00")


@given(INSTANT, INSTANT)
def test_a_shift_is_whole_weeks_and_keeps_every_grid(at: int, now: int) -> None:
    shift = shift_for(at, now)
    assert shift % WEEK_MS == 0
    assert week_of(now - shift) == week_of(at)
    for timeframe in TIMEFRAMES:
        assert open_time(now, timeframe) - shift == open_time(now - shift, timeframe)


@given(INSTANT, st.integers(0, WEEK_MS - 1))
def test_every_instant_of_a_week_asks_for_the_same_shift(now: int, later: int) -> None:
    at = start_of_week(ms("2024-06-15"))
    assert shift_for(at, now) == shift_for(at + later, now)

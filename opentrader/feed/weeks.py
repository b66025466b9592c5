"""Shifts recorded time by whole weeks, which keeps the time of day and the weekday.

Weeks are those of weekly candles: they begin on Monday, 00:00 UTC.
"""

from __future__ import annotations

from opentrader.domain.timeframes import WEEK_MS, WEEK_OFFSET_MS


def week_of(at_ms: int) -> int:
    """The number of the week that contains an instant; week 0 begins on Monday 1970-01-05, 00:00 UTC."""
    return (at_ms - WEEK_OFFSET_MS) // WEEK_MS


def start_of_week(at_ms: int) -> int:
    """The Monday, 00:00 UTC, at or before an instant."""
    return week_of(at_ms) * WEEK_MS + WEEK_OFFSET_MS


def weeks_between(from_ms: int, to_ms: int) -> int:
    """The number of Mondays (00:00 UTC) between two instants; negative when `to_ms` is earlier."""
    return week_of(to_ms) - week_of(from_ms)


def shift_for(at_ms: int, now_ms: int) -> int:
    """The shift of recorded time, in milliseconds, that moves now into the week of `at_ms`.

    Always whole weeks: `now_ms - shift` has the weekday and the time of day of now.
    """
    return weeks_between(at_ms, now_ms) * WEEK_MS

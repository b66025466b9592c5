"""Moving recorded time by whole weeks: the time of day and the day of the week stay what they were.

Weeks are those of the candles: they begin on Monday, 00:00 UTC.
"""

from __future__ import annotations

WEEK_MS = 604_800_000
_FIRST_MONDAY_MS = 4 * 86_400_000  # 1970-01-05


def week_of(at_ms: int) -> int:
    """The number of the week that holds an instant; week 0 begins on Monday 1970-01-05, 00:00 UTC."""
    return (at_ms - _FIRST_MONDAY_MS) // WEEK_MS


def start_of_week(at_ms: int) -> int:
    """The Monday, 00:00 UTC, at or before an instant."""
    return week_of(at_ms) * WEEK_MS + _FIRST_MONDAY_MS


def weeks_between(from_ms: int, to_ms: int) -> int:
    """How many Mondays (00:00 UTC) lie between two instants; negative when `to_ms` is the earlier one."""
    return week_of(to_ms) - week_of(from_ms)


def shift_for(at_ms: int, now_ms: int) -> int:
    """By how many milliseconds recorded time must be moved so that now falls in the week of `at_ms`.

    Always whole weeks: `now_ms - shift` has the weekday and the time of day of now.
    """
    return weeks_between(at_ms, now_ms) * WEEK_MS

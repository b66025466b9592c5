"""When commits are too slow for an entry, and when no longer."""

from __future__ import annotations

import pytest

from opentrader.store.sqlite.pace import CommitPace

FAST, SLOW = 0.5, 0.51


def pace_of(*seconds: float) -> CommitPace:
    pace = CommitPace()
    for each in seconds:
        pace.took(each)
    return pace


@pytest.mark.parametrize(
    ("seconds", "degraded"),
    [
        ((), False),
        ((SLOW, SLOW), False),
        ((SLOW, SLOW, SLOW), True),
        ((SLOW, FAST, SLOW, FAST, SLOW), True),
        ((SLOW, FAST, FAST, SLOW, FAST, SLOW), False),
        ((3.0,), False),
        ((3.01,), True),
    ],
)
def test_three_slow_of_five_or_one_that_hangs(seconds: tuple[float, ...], degraded: bool) -> None:
    pace = pace_of(*seconds)
    assert (pace.degraded, pace.slow) == (degraded, sum(each > FAST for each in seconds))


def test_ten_fast_ones_in_a_row_end_it(caplog: pytest.LogCaptureFixture) -> None:
    assert pace_of(4.0, *[FAST] * 9).degraded
    assert pace_of(4.0, *[FAST] * 9, SLOW, *[FAST] * 9).degraded
    caplog.clear()
    assert not pace_of(4.0, *[FAST] * 10).degraded
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]

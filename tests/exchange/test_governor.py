"""The governor: shares by purpose, minutes that begin anew, the venue's own count, and pauses."""

from __future__ import annotations

import pytest

from opentrader.domain.trading.exchange import ReadRefused
from opentrader.exchange.governor import Governor, Purpose


class Seconds:
    now = 30.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("purpose", "weight"), [("scan", 600), ("state", 850), ("protection", 1_000)])
def test_each_purpose_may_use_its_share(purpose: Purpose, weight: int) -> None:
    governor = Governor(1_000, Seconds())
    governor.admit(weight, purpose)
    with pytest.raises(ReadRefused) as told:
        governor.admit(1, purpose)
    assert told.value.retry_after == 30_001  # the minute is half over
    assert (governor.used, governor.left) == (weight, 1_000 - weight)


def test_a_new_minute_begins_anew() -> None:
    seconds = Seconds()
    governor = Governor(100, seconds)
    governor.admit(100, "protection")
    seconds.now = 60.0
    governor.admit(100, "protection")
    assert governor.used == 100


def test_the_venue_has_counted_more_than_we_did() -> None:
    governor = Governor(100, Seconds())
    governor.calibrate(90)
    with pytest.raises(ReadRefused, match="90 of 100"):
        governor.admit(20, "protection")
    governor.calibrate(10)
    assert governor.used == 90


def test_without_a_limit_only_a_pause_holds_back() -> None:
    seconds = Seconds()
    governor = Governor(0, seconds)
    governor.admit(1_000_000, "scan")
    assert governor.left is None
    governor.refused(10_000)
    governor.refused(1_000)  # a shorter one ends nothing
    with pytest.raises(ReadRefused):
        governor.admit(0, "protection")
    assert governor.pause == 10
    seconds.now += 10
    governor.admit(0, "protection")
    assert governor.pause == 0

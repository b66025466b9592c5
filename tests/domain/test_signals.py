"""The life of a signal, as pure functions of the instant of asking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opentrader.domain.signals import Direction, PostStatus, SignalRecord, decided, demand_pending, refusal, swept
from opentrader.errors import SignalExpired, SignalNotPending

PENDING = SignalRecord("BTCUSDT", "buy", "mr", "pending", notified=True, created_at=100, updated_at=100, expires_at=400)


def test_a_pending_signal_expires_by_the_clock_and_no_other_does() -> None:
    assert [PENDING.status_at(now) for now in (100, 399.9, 400)] == ["pending", "pending", "expired"]
    assert replace(PENDING, status="consumed").status_at(10_000) == "consumed"


@pytest.mark.parametrize(
    ("direction", "held", "known", "wanted"),
    [
        ("buy", False, None, None),
        ("buy", False, PENDING, "duplicate_skipped"),
        ("buy", True, PENDING, "trade_exists_skipped"),
        ("sell", False, PENDING, "no_position_sell_skipped"),
        ("sell", True, PENDING, None),  # another direction says something new
        ("buy", False, replace(PENDING, bot="other"), None),
        ("buy", False, replace(PENDING, expires_at=200), None),
    ],
)
def test_why_a_post_stores_nothing(
    direction: Direction, held: bool, known: SignalRecord | None, wanted: PostStatus | None
) -> None:
    assert refusal("BTCUSDT", direction, "mr", held=held, known=known, now=200) == wanted


def test_a_decision_is_taken_once_and_in_time() -> None:
    taken = decided(PENDING, "consumed", 399.9)
    assert (taken.status, taken.updated_at, taken.created_at) == ("consumed", 399, 100)
    with pytest.raises(SignalNotPending):
        decided(taken, "skipped", 399.9)
    with pytest.raises(SignalExpired):
        demand_pending(PENDING, 400)


def test_a_cleanup_expires_what_is_pending_and_deletes_the_rest() -> None:
    young = replace(PENDING, pair="ETHUSDT", created_at=200)
    decided_long_ago = replace(PENDING, pair="SOLUSDT", status="skipped")
    assert swept([PENDING, young, decided_long_ago], 150, now=250) == (["BTCUSDT"], ["SOLUSDT"])
    assert swept([PENDING], 151, now=250) == ([], [])

"""What a user or the daemon asks of a trade."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from opentrader.domain.trading.lifecycle import Alert, faulted, trail

from .given import (
    BOUGHT,
    FILTERS,
    NOW,
    D,
    leg,
    trade,
)


def test_a_stop_is_only_ever_raised_and_not_by_a_hair() -> None:
    told = trade(BOUGHT, leg("L", "OPEN", sent_at=NOW - 60_000))
    assert trail(told, D(95), FILTERS, NOW).want == 95
    assert trail(told, D(85), FILTERS, NOW) == told
    assert trail(told, Decimal("90.2"), replace(FILTERS, tick=Decimal("0.1")), NOW) == told
    assert trail(trade(BOUGHT, leg("L", "OPEN", sent_at=NOW - 59_999)), D(95), FILTERS, NOW).want == 0


def test_a_fault_of_the_rules_is_paged_once_and_leaves_the_exits() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"))
    after = faulted(told, NOW)
    assert (after.label, after.quar, after.legs) == ("QUARANTINE", "unknown", told.legs)
    assert after.alerts == (Alert("internal fault", "page", NOW),)
    assert faulted(after, NOW + 30_000) == after

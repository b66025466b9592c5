"""What the last space of a full disk is for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opentrader.domain.trading.lifecycle import Trade, matters, planned
from opentrader.domain.trading.venue import CancelList, Effect, PlaceEntry
from tests.domain.trading.lifecycle.given import BOUGHT, INTENT, LIST, NOW, leg, oco, ticked, trade, view

HELD = trade(BOUGHT, leg("L", "OPEN"))
CANCEL = CancelList(LIST, "BTCUSDT")


@pytest.mark.parametrize(
    ("before", "after", "effect", "worth"),
    [
        (HELD, replace(HELD, ok_at=NOW + 1_000), None, False),
        (HELD, replace(HELD, ok_at=NOW + 1_000), CANCEL, True),
        (HELD, replace(HELD, close_reason="sl"), None, True),
        (HELD, replace(HELD, legs=(BOUGHT, leg("L", "FILLED"))), None, True),
    ],
    ids=["a good read", "a cancel", "a decision", "a fact"],
)
def test_what_reduces_risk_or_was_learned(before: Trade, after: Trade, effect: Effect | None, worth: bool) -> None:
    assert matters(before, after, effect) is worth


def test_an_entry_is_not_although_its_leg_is_new() -> None:
    before = planned(INTENT)
    after, effect = ticked(before, view(wallet=0))
    assert isinstance(effect, PlaceEntry)
    assert after.legs
    assert not matters(before, after, effect)


def test_a_protected_trade_learns_nothing_from_a_quiet_look() -> None:
    before, _ = ticked(HELD, view(oco()))
    after, effect = ticked(before, view(oco()), NOW + 1_000)
    assert after != before
    assert not matters(before, after, effect)

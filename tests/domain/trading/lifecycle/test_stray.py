"""A sale that the book cannot explain: more than was held, or after the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opentrader.domain.trading.lifecycle import Trade, drop, stray_sale, tick
from opentrader.domain.trading.lifecycle.fold import changed

from .given import BOUGHT, FILTERS, INTENT, NOW, D, leg, trade, view

HELD = trade(BOUGHT, leg("L", "OPEN"))
CLOSING = trade(BOUGHT, leg("C", "UNKNOWN"), label="CLOSING")
FLAT = trade(BOUGHT, leg("L", "FILLED", cum=D(10), covered=D(10)), leg("C", "ABSENT"), label="FLAT")
DUST = trade(BOUGHT, leg("L", "FILLED", cum=D(9), covered=D(9)), leg("C", "ABSENT", qty=D(1)), label="DUST")


def selling(told: Trade, kind: str, cum: str) -> Trade:
    """The same trade after one of its orders has sold so much in all."""
    (leg,) = (leg for leg in told.legs if leg.kind == kind)
    return told.with_leg(replace(leg, cum=D(cum)))


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (HELD, selling(HELD, "L", "10"), ""),
        (CLOSING, selling(CLOSING, "C", "10"), ""),
        (CLOSING, selling(CLOSING, "C", "11"), ""),  # a step: rounding, no sale
        (CLOSING, selling(CLOSING, "C", "12"), "sold 2 BTC more than it held"),
        (FLAT, selling(FLAT, "C", "0.5"), "which had ended, has sold 0.5 BTC"),
        (FLAT, selling(FLAT, "C", "4"), "sold 4 BTC more than it held"),
        (DUST, selling(DUST, "C", "1"), "which had ended, has sold 1 BTC"),
        (FLAT, FLAT, ""),
        (selling(FLAT, "C", "4"), selling(FLAT, "C", "4"), ""),  # it was told when it was learned
    ],
)
def test_k16_what_was_sold_is_explained_or_told(before: Trade, after: Trade, why: str) -> None:
    told = stray_sale(before, after, FILTERS)
    assert why in told
    assert bool(told) == bool(why)
    assert not told or INTENT.id in told


def test_a_late_fill_of_the_entry_is_no_sale() -> None:
    late = trade(leg("E", "ABSENT"), label="FLAT")
    assert stray_sale(late, trade(BOUGHT, label="UNPROTECTED"), FILTERS) == ""


@pytest.mark.parametrize("fees", ["0", "0.01"], ids=["unknown", "known since"])
def test_fees_that_were_unknown_at_the_drop_are_no_sale(fees: str) -> None:
    filters = replace(FILTERS, taker_rate=D("0.001"), step=D("0.001"))
    stuck = trade(replace(BOUGHT, fees=D(0), covered=D(0)), leg("L", "OPEN"), label="QUARANTINE", quar="unknown")
    gone = drop(stuck, NOW)
    told = tick(
        gone.with_leg(replace(BOUGHT, fees=D(fees), covered=D(fees) * 1000)), view(filters=filters), NOW + 1
    ).trade
    assert [alert.code for alert in told.alerts if alert.code.startswith("sold")] == []
    exit_ = leg("L", "OPEN")
    sold = changed(told, exit_, replace(exit_, state="FILLED", cum=D(10)), NOW + 1)
    assert stray_sale(told, sold, filters) == ""
    more = changed(told, exit_, replace(exit_, state="FILLED", cum=D(10), sent_at=NOW + 1), NOW + 1)
    assert "BTC more than it held" in stray_sale(told, more, filters)

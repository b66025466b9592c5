"""A sale that the book cannot explain: more than was held, or after the end."""

from __future__ import annotations

import pytest

from opentrader.domain.trading.lifecycle import Trade, stray_sale

from .given import BOUGHT, FILTERS, INTENT, D, leg, trade

HELD = trade(BOUGHT, leg("L", "OPEN"))
CLOSING = trade(BOUGHT, leg("C", "UNKNOWN"), label="CLOSING")
FLAT = trade(BOUGHT, leg("L", "FILLED", cum=D(10), covered=D(10)), leg("C", "ABSENT"), label="FLAT")
DUST = trade(BOUGHT, leg("L", "FILLED", cum=D(9), covered=D(9)), leg("C", "ABSENT", qty=D(1)), label="DUST")


def selling(told: Trade, kind: str, cum: str) -> Trade:
    """The same trade after one of its orders has sold so much in all."""
    (leg,) = (leg for leg in told.legs if leg.kind == kind)
    return told.with_leg(type(leg)(**{**{name: getattr(leg, name) for name in leg.__slots__}, "cum": D(cum)}))


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

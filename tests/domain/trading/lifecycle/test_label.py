"""I11: labels change in a closed set of ways, and an impossible change stops one symbol only."""

from __future__ import annotations

from itertools import pairwise

import pytest

from opentrader.domain.trading.lifecycle import Trade, next_poll
from opentrader.domain.trading.lifecycle.label import REBUILT, TRANSITIONS, lawful
from opentrader.domain.trading.looks import PARTS, VenueView
from opentrader.domain.trading.venue import CancelList

from .given import BOUGHT, CLOSE, FILTERS, NOW, SETTINGS, D, entry_order, leg, oco, order, ticked, trade, view


def test_every_label_has_its_row_and_quarantine_is_open_to_all() -> None:
    told = {after for row in TRANSITIONS.values() for after in row}
    assert told <= TRANSITIONS.keys()
    assert all(lawful(before, "QUARANTINE") and lawful(before, before) for before in TRANSITIONS)
    assert REBUILT.keys() <= TRANSITIONS.keys()


@pytest.mark.parametrize(
    ("story", "possible"),
    [
        (
            ("NONE", "ENTERING", "UNPROTECTED", "PROTECTING", "PROTECTED", "REPLACING", "PROTECTED", "CLOSING", "FLAT"),
            True,
        ),
        (("NONE", "ENTERING", "PARTIAL_HELD", "PROTECTED", "CLOSING", "SWEEPING", "DUST"), True),
        (("FLAT", "SWEEPING", "FLAT", "CLOSING"), True),
        (("DUST", "FLAT", "DUST"), True),
        (("FLAT", "PROTECTED"), False),
        (("CLOSING", "PROTECTED"), False),
        (("QUARANTINE", "PROTECTED"), True),
        (("QUARANTINE", "DUST"), True),
        (("ENTERING", "NONE", "ENTERING"), True),
        (("PROTECTED", "NONE"), False),
    ],
)
def test_stories(story: tuple[str, ...], possible: bool) -> None:
    assert all(lawful(before, after) for before, after in pairwise(story)) == possible  # type: ignore[arg-type]  # labels as a test writes them


def test_a_rebuilt_trade_starts_where_it_is() -> None:
    assert lawful("NONE", "PROTECTED", rebuilt=True)
    assert not lawful("NONE", "PROTECTED")


def test_an_impossible_change_is_a_quarantine_that_pages() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"), label="FLAT")
    after, effect = ticked(told, view(entry_order(), oco()))
    assert (after.label, after.quar, effect) == ("QUARANTINE", "unknown", None)
    assert [alert.code for alert in after.alerts if alert.severity == "page"] == ["impossible: FLAT -> PROTECTED"]


def test_the_alarm_counts_from_the_last_read_that_showed_it_covered() -> None:
    told = trade(BOUGHT, leg("L", "UNKNOWN"), label="PROTECTING", ok_at=NOW)
    shown = view(entry_order(), missing=frozenset())
    for milliseconds, codes in ((SETTINGS.bare_limit, []), (SETTINGS.bare_limit + 1, ["unprotected"])):
        told, _ = ticked(told, shown, NOW + milliseconds)
        assert [alert.code for alert in told.alerts] == codes


def test_the_alarm_runs_while_reads_fail_with_something_held() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"), ok_at=NOW)
    blind = VenueView(FILTERS, NOW, failed=PARTS)
    for late, codes in ((0, []), (1, ["unprotected"])):
        after, effect = ticked(told, blind, NOW + SETTINGS.listed + SETTINGS.bare_limit + late)
        assert ([alert.code for alert in after.alerts], effect) == (codes, None)


def test_the_alarm_of_a_close_counts_from_the_cancel_of_the_exit_however_old_the_last_read_is() -> None:
    told = trade(BOUGHT, leg("L", "OPEN"), close_reason="close", ok_at=NOW - SETTINGS.listed)
    after, effect = ticked(told, VenueView(FILTERS, NOW), NOW)
    assert isinstance(effect, CancelList)
    assert (after.ok_at, after.alerts) == (NOW, ())


@pytest.mark.parametrize(("dust", "label"), [(D(1), "FLAT"), (D("1.5"), "DUST")])
def test_k16_dust_takes_late_facts_as_flat_does(dust: D, label: str) -> None:
    """A close that was taken as absent turns out to have sold what was left, or a part of it."""
    bought = leg("E", "FILLED", cum=dust, covered=dust)
    late = leg("C", "ABSENT", qty=D(1), sent_at=NOW - 3_600_000, horizon_at=NOW - 3_500_000)
    told = trade(bought, late, label="DUST", close_reason="close", last_send=NOW - 3_600_000)
    after, effect = ticked(told, view(order(CLOSE, "sell", "MARKET", "FILLED", 1, 1), wallet=0))
    assert (after.label, effect) == (label, None)
    assert not after.quar


def again(told: Trade) -> int | None:
    """When a trade is ticked next, if all of its legs have just been read."""
    return next_poll(told, NOW, {each.cid: NOW for each in told.legs})


def test_how_soon_a_trade_wants_another_look() -> None:
    assert again(trade(BOUGHT, leg("L", "OPEN"))) == SETTINGS.listed
    assert again(trade(BOUGHT, leg("L", "UNKNOWN"), label="PROTECTING")) == SETTINGS.poll
    assert again(trade(BOUGHT, leg("S", "OPEN"))) == SETTINGS.resting  # its target is watched by price
    assert again(trade(leg("E", "ABSENT"), label="FLAT")) == SETTINGS.reconcile
    assert again(trade(leg("E", "CANCELED"), label="FLAT")) is None
    assert again(trade(leg("E", "OPEN"), label="ENTERING")) == SETTINGS.resting
    assert again(trade(leg("E", "OPEN"), label="ENTERING", retry_at=NOW + 15_000)) == 15_000
    assert next_poll(trade(leg("E", "OPEN"), label="ENTERING"), NOW) == 0  # never read since the start

"""Row 10: a balance is a veto, and never from one read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from opentrader.domain.trading.lifecycle import Trade
from opentrader.domain.trading.lifecycle.scene import Scene
from opentrader.domain.trading.lifecycle.sizing import size
from opentrader.domain.trading.looks import VenueView
from opentrader.domain.trading.venue import Balance, Order, Others

from .given import BOUGHT, NOW, SETTINGS, D, entry_order, order, trade, view

SALE = order("web_1", "sell", "MARKET", "FILLED", cum=10, updated_at=NOW)


def confirmed(told: Trade, shown: VenueView, reads: int = 3) -> Trade:
    """After so many short reads, two seconds apart, the last long after the last change."""
    for number in range(reads):
        now = NOW + SETTINGS.read_lag + number * SETTINGS.vote_gap + 1
        told = size(Scene(replace(told, last_change=NOW), shown, now, SETTINGS, True)).trade
    return told


def short(wallet: str, *more: Order, locked: str = "0") -> VenueView:
    return view(entry_order(), *more, balance=Balance(Decimal(wallet), Decimal(locked)))


def test_what_is_free_is_sized_down_to_the_step() -> None:
    told = trade(replace(BOUGHT, fees=Decimal("0.3")), short=2)
    sized = size(Scene(told, short("9.7"), NOW, SETTINGS, True))
    assert (sized.qty, sized.trade.short) == (9, 0)


def test_one_or_two_short_reads_decide_nothing() -> None:
    for reads in (1, 2):
        told = confirmed(trade(BOUGHT), short("0", SALE), reads)
        assert (told.short, told.quar, told.adj, told.close_reason) == (reads, "", 0, "")


def test_reads_too_close_to_each_other_are_one() -> None:
    told = trade(BOUGHT, short=1, short_at=NOW - SETTINGS.vote_gap + 1)
    assert size(Scene(told, short("0"), NOW, SETTINGS, True)).trade == told


def test_dust_that_is_missing_shrinks_the_position() -> None:
    told = confirmed(trade(BOUGHT), short("9.9"))
    assert (told.adj, told.quar) == (Decimal("0.1"), "")


def test_a_sale_by_another_hand_is_an_external_close() -> None:
    told = confirmed(trade(BOUGHT), short("0", SALE))
    assert (told.adj, told.close_reason, told.quar) == (10, "external", "")


def test_base_that_nobody_sold_is_a_quarantine() -> None:
    assert confirmed(trade(BOUGHT), short("0")).quar == "unknown"
    assert confirmed(trade(BOUGHT), short("5", SALE)).quar == "unknown"


def test_base_that_is_locked_is_read_again() -> None:
    told = confirmed(trade(BOUGHT), short("0", locked="10"), reads=5)
    assert (told.quar, told.adj) == ("", 0)


def test_a_history_that_failed_accuses_nobody() -> None:
    told = confirmed(trade(BOUGHT), replace(short("0"), history=None, failed=frozenset({"history"})), reads=5)
    assert (told.quar, told.adj) == ("", 0)


def test_what_others_hold_and_lock_is_not_ours() -> None:
    shown = replace(short("14", locked="4"), others=Others(held=D(8), locked=D(4)))
    assert size(Scene(trade(BOUGHT), shown, NOW, SETTINGS, True)).qty == 10
    unsettled = replace(shown, others=Others(held=D(9), locked=D(4), unsettled=True))
    assert size(Scene(trade(BOUGHT), unsettled, NOW, SETTINGS, True)).trade.short == 0

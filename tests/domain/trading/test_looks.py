"""Watches that are joined, and views that follow each other."""

from __future__ import annotations

from dataclasses import replace

from opentrader.domain.trading.looks import PARTS, VenueView, Watch, everything
from tests.domain.trading.lifecycle.given import ENTRY, FILTERS, LIST, NOW, D, entry_order, oco, view

PRICE = Watch("BTCUSDT", orders=("a",), parts=frozenset({"price"}), since=5, max_age=3_000)


def test_a_watch_that_asks_for_nothing_is_none() -> None:
    assert not Watch("BTCUSDT")
    assert all((PRICE, Watch("BTCUSDT", lists=("l",)), everything("BTCUSDT", 0)))


def test_a_joined_watch_serves_both() -> None:
    other = Watch("BTCUSDT", ("b", "a"), ("l",), frozenset({"balance"}), since=7, urgent=True)
    joined = PRICE.joined(other)
    assert joined == Watch("BTCUSDT", ("a", "b"), ("l",), frozenset({"price", "balance"}), 5, 0, urgent=True)
    assert joined >= PRICE
    assert not joined <= PRICE
    assert not replace(PRICE, symbol="ETHUSDT") <= joined


def test_a_later_view_counts_where_it_shows_something() -> None:
    early = VenueView(
        FILTERS, NOW, last=D(100), missing=frozenset({LIST}), failed=frozenset({"balance", "fills", ENTRY})
    )
    late = VenueView(FILTERS, NOW + 1, last=D(101), fills=(), found={ENTRY: entry_order(), LIST: oco()})
    both = early.then(late)
    assert (both.at, both.last, both.fills) == (NOW, D(101), ())
    assert both.found.keys() == {ENTRY, LIST}
    assert (both.missing, both.failed) == (frozenset(), {"balance"})
    assert not both.complete


def test_what_a_view_lacks_is_what_was_not_read() -> None:
    assert not any(map(view().lacks, PARTS))
    assert {part for part in PARTS if VenueView(FILTERS, NOW, last=D(1)).lacks(part)} == PARTS - {"price"}

"""Entries that wait: they expire, and are taken back."""

from __future__ import annotations

from opentrader.actors import messages
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import limit


async def test_an_entry_expires_and_nothing_is_left_at_the_venue(market: Market) -> None:
    await market.ask(limit(90.0, ttl_hours=0.05))
    await market.go(100.0, 100.0, 100.0, 100.0)
    snapshot = await market.until(lambda d: not d.pending())
    assert await market.venue.open_orders(PAIR) == ()
    assert snapshot.open_trades() == []
    assert (await market.ask(messages.HistoryOf())).total == 0


async def test_an_entry_is_taken_back_by_hand(market: Market) -> None:
    entry = (await market.ask(limit(90.0))).entry
    taken = await market.ask(messages.CancelEntry(entry.id))
    assert taken.entry.status == "cancelled"
    assert await market.venue.open_orders(PAIR) == ()

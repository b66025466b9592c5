"""Taking a pending LIMIT entry back."""

from __future__ import annotations

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.pending import CancelPendingEntry
from opentrader.errors import PendingEntryNotFound
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, limit


async def test_an_entry_that_is_taken_back_leaves_no_order(market: Market) -> None:
    entry = (await market.ask(limit(95.0))).entry
    assert len(await market.venue.open_orders(PAIR)) == 1
    told = await market.ask(CancelPendingEntry(entry.id))
    assert (told.id, told.status, told.filled_size) == (entry.id, "cancelled", 0.0)
    assert await market.venue.open_orders(PAIR) == ()
    with pytest.raises(PendingEntryNotFound, match=entry.id):
        await market.ask(CancelPendingEntry(entry.id))


async def test_it_is_journaled_as_a_command_of_who_asked(market: Market) -> None:
    ids = [(await market.ask(limit(px))).entry.id for px in (95.0, 94.0)]
    await market.ask(messages.CancelEntry(ids[0]))
    await market.ask(messages.Halt(agent="coo"))
    told = market.store.read(
        lambda connection: connection.execute("SELECT kind, agent, trades FROM commands ORDER BY id").fetchall()
    )
    assert told == [("cancel", "", f'["{ids[0]}"]'), ("cancel", "coo", f'["{ids[1]}"]')]


async def test_what_is_no_pending_entry_is_not_found(market: Market) -> None:
    opened = (await market.ask(buy())).trade
    for key in (opened.id, "nothing"):
        with pytest.raises(PendingEntryNotFound):
            await market.ask(CancelPendingEntry(key))

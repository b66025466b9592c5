"""The steps of the loop are its own: no limit refuses one, and each waits for its symbol."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done
from opentrader.actors.trading.steps import CheckEntries, CheckSymbol, Look, VenueRead
from opentrader.domain.trading.looks import VenueView, Watch
from tests.domain.trading.lifecycle.given import FILTERS, NOW
from tests.fakes.market import PAIR, Market

LOOK = Look(PAIR, Watch(PAIR), 0, None)


@pytest.mark.parametrize(
    "step",
    [CheckSymbol(PAIR), CheckEntries(PAIR), VenueRead(LOOK, Done(VenueView(FILTERS, NOW)))],
    ids=lambda step: type(step).__name__,
)
async def test_a_step_is_never_refused_and_waits_for_its_symbol(market: Market, step: Message[Any]) -> None:
    assert step.own
    manager = market.supervisor._find(step).actor
    assert manager is not None
    assert manager.exclusive_of(step) == PAIR

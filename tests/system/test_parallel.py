"""Many at once, and a venue that does not answer: one order each, and nobody else waits. Real HTTP, real ledger."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

import pytest

from opentrader.exchange.paper.transport import InjectedFault
from tests.fakes.site import Site
from tests.system.venue import TRADE, Venue
from tests.waiting import until

HELD = ("BTCUSDT", "SOLUSDT")


@pytest.mark.parametrize("keyed", [False, True])
async def test_fifty_identical_posts_at_once_are_one_order_each_round(site: Site, venue: Venue, keyed: bool) -> None:
    for number in range(20):
        headers = {"Idempotency-Key": f"round-{number}"} if keyed else {}
        answers = await asyncio.gather(*(site.send("POST", TRADE.format("SOL"), headers=headers) for _ in range(50)))
        statuses = Counter(answer.status for answer in answers)
        assert statuses[200] >= 1
        assert set(statuses) <= {200, 409}
        assert len({answer.json()["trade"]["id"] for answer in answers if answer.status == 200}) == 1
        assert venue.entries() == number + 1
        assert (await site.send("POST", "/api/close?symbol=SOL")).status == 200
    assert venue.entries() == 20


@pytest.mark.parametrize("keyed", [False, True])
async def test_a_lost_answer_is_found_again_and_not_sent_twice(site: Site, venue: Venue, keyed: bool) -> None:
    venue.troubled(InjectedFault("applied-no-reply", on="place"))
    headers = {"Idempotency-Key": "lost"} if keyed else {}
    answers = await asyncio.gather(*(site.send("POST", TRADE.format("SOL"), headers=headers) for _ in range(50)))
    assert Counter(answer.status for answer in answers)[200] >= 1
    assert venue.entries() == 1
    (trade,) = (await site.send("GET", "/api/trades")).json()["trades"]
    assert trade["protection"] == "oco"


async def test_while_the_venue_is_held_reads_answer_and_another_symbol_is_accepted(site: Site, venue: Venue) -> None:
    for symbol in ("BTC", "SOL"):
        assert (await site.send("POST", TRADE.format(symbol))).status == 200
    venue.exchange.transport.gate.clear()
    closing = asyncio.create_task(site.send("POST", "/api/close?symbol=BTC"))
    other = asyncio.create_task(site.send("POST", "/api/close?symbol=SOL"))
    for path in (
        "/api/health",
        "/api/trades",
        "/api/portfolio",
        "/api/status",
        "/api/pending-entries",
        "/api/signal/list",
        "/api/trades/history",
        "/api/trades/stats",
        "/api/state",
        "/api/market/all",
        "/api/market/BTC",
        "/api/audit",
    ):
        assert (await site.send("GET", path)).status == 200, path
    assert venue.system._supervisor is not None
    desk = partial(venue.system._supervisor.snapshot, "position_manager")
    # Journalled, though no call can arrive.
    await until(lambda: {t.intent.symbol: t.close_reason for t in desk().trades} == dict.fromkeys(HELD, "close"))
    assert not closing.done()
    assert not other.done()
    venue.exchange.transport.gate.set()
    assert [answer.status for answer in await asyncio.gather(closing, other)] == [200, 200]
    assert (await site.send("GET", "/api/trades")).json()["count"] == 0

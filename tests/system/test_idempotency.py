"""An Idempotency-Key tells what became of the first request, whatever that one was told. Real HTTP, real ledger."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors.trading.entry import entries
from opentrader.exchange.paper.transport import InjectedFault
from tests.fakes.site import Site, code
from tests.system.venue import TRADE, Venue

KEYED = {"headers": {"Idempotency-Key": "once"}}
NO_LIST = InjectedFault("refuse", on="place_list", times=50, code=-1013, text="Filter failure: MAX_NUM_ALGO_ORDERS")
NO_ENTRY = InjectedFault("refuse", on="place", code=-1013, text="Filter failure: NOTIONAL")


async def timed_out(site: Site, venue: Venue, monkeypatch: pytest.MonkeyPatch) -> str:
    """A request whose order has not arrived when it is answered; the id of the intent. The order goes on then."""
    arrives, place = asyncio.Event(), venue.exchange.place

    async def held(order: Any) -> Any:
        await arrives.wait()
        return await place(order)

    with monkeypatch.context() as slow:
        slow.setattr(entries, "ENTRY_SECONDS", 0.3)
        slow.setattr(venue.exchange, "place", held)
        answer = await site.send("POST", TRADE.format("SOL"), **KEYED)
    body = answer.json()
    assert (answer.status, body["code"]) == (504, "timeout")
    assert "Idempotency-Key" in body["hint"]
    asyncio.get_running_loop().call_later(0.2, arrives.set)
    return str(body["intent_id"])


async def test_what_was_not_over_in_time_is_told_when_it_is(
    site: Site, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = await timed_out(site, venue, monkeypatch)
    for _ in range(2):
        answer = await site.send("POST", TRADE.format("SOL"), **KEYED)
        body = answer.json()
        assert (answer.status, body["status"], body["trade"]["id"]) == (200, "opened", intent)
        assert (answer.headers["Idempotent-Replayed"], body["trade"]["protection"]) == ("true", "oco")
    assert venue.entries() == 1


async def test_nor_is_a_refusal_after_that_told_as_a_trade(
    site: Site, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue.troubled(NO_ENTRY)
    intent = await timed_out(site, venue, monkeypatch)
    for _ in range(2):
        answer = await site.send("POST", TRADE.format("SOL"), **KEYED)
        body = answer.json()
        assert (answer.status, body["code"], body["intent_id"]) == (409, "order_rejected", intent)
        assert answer.headers["Idempotent-Replayed"] == "true"
    assert venue.entries() == 0


async def test_a_refusal_of_the_exchange_is_told_again_word_for_word(site: Site, venue: Venue) -> None:
    venue.troubled(NO_ENTRY)
    first, again = [await site.send("POST", TRADE.format("SOL"), **KEYED) for _ in range(2)]
    body = first.json()
    assert again.status == 409
    assert "NOTIONAL" in body["detail"]
    assert body["intent_id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() | {"request_id": ""} == body | {"request_id": ""}


async def test_what_was_bought_and_sold_again_is_not_bought_a_second_time(site: Site, venue: Venue) -> None:
    venue.troubled(NO_LIST)
    for _ in range(2):
        answer = await site.send("POST", TRADE.format("SOL"), **KEYED)
        assert code(answer) == (500, "exchange_error")
        assert "sold again" in answer.json()["detail"]
    assert venue.entries() == 1


async def test_however_a_symbol_is_spelled_it_is_the_same_request(site: Site, venue: Venue) -> None:
    first = await site.send("POST", TRADE.format("SOL"), **KEYED)
    for spelling in ("SOLUSDT", "sol", "SOL-USDT"):
        answer = await site.send("POST", TRADE.format(spelling), **KEYED)
        assert (answer.status, answer.body) == (200, first.body)
    assert venue.entries() == 1

"""An Idempotency-Key tells what became of the first request, whatever that one was told. Real HTTP, real ledger."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors.trading import position_manager
from opentrader.exchange.paper.transport import InjectedFault
from tests.system.http_site import TRADE, Site

KEY = {"Idempotency-Key": "once"}
NO_LIST = InjectedFault("refuse", on="place_list", times=50, code=-1013, text="Filter failure: MAX_NUM_ALGO_ORDERS")
NO_ENTRY = InjectedFault("refuse", on="place", code=-1013, text="Filter failure: NOTIONAL")


async def timed_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    """A request whose order has not arrived when it is answered; the id of the intent. The order goes on then."""
    arrives, place = asyncio.Event(), site.venue.place

    async def held(order: Any) -> Any:
        await arrives.wait()
        return await place(order)

    with monkeypatch.context() as slow:
        slow.setattr(position_manager, "ENTRY_SECONDS", 0.3)
        slow.setattr(site.venue, "place", held)
        status, body = await site.send("POST", TRADE.format("SOL"), **KEY)
    assert (status, body["code"]) == (504, "timeout")
    assert "Idempotency-Key" in body["hint"]
    asyncio.get_running_loop().call_later(0.2, arrives.set)
    return str(body["intent_id"])


async def test_what_was_not_over_in_time_is_told_when_it_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    intent = await timed_out(site, monkeypatch)
    for _ in range(2):
        status, body, headers = await site.answer("POST", TRADE.format("SOL"), **KEY)
        assert (status, body["status"], body["trade"]["id"]) == (200, "opened", intent)
        assert (headers["Idempotent-Replayed"], body["trade"]["protection"]) == ("true", "oco")
    assert site.entries() == 1


async def test_nor_is_a_refusal_after_that_told_as_a_trade(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.troubled(NO_ENTRY)
    intent = await timed_out(site, monkeypatch)
    for _ in range(2):
        status, body, headers = await site.answer("POST", TRADE.format("SOL"), **KEY)
        assert (status, body["code"], body["intent_id"]) == (409, "order_rejected", intent)
        assert headers["Idempotent-Replayed"] == "true"
    assert site.entries() == 0


async def test_a_refusal_of_the_exchange_is_told_again_word_for_word(site: Site) -> None:
    site.troubled(NO_ENTRY)
    _, first, _ = await site.answer("POST", TRADE.format("SOL"), **KEY)
    status, again, headers = await site.answer("POST", TRADE.format("SOL"), **KEY)
    assert status == 409
    assert "NOTIONAL" in first["detail"]
    assert first["intent_id"]
    assert headers["Idempotent-Replayed"] == "true"
    assert again | {"request_id": ""} == first | {"request_id": ""}


async def test_what_was_bought_and_sold_again_is_not_bought_a_second_time(site: Site) -> None:
    site.troubled(NO_LIST)
    for _ in range(2):
        status, body, _ = await site.answer("POST", TRADE.format("SOL"), **KEY)
        assert (status, body["code"]) == (500, "exchange_error"), body
        assert "sold again" in body["detail"]
    assert site.entries() == 1


async def test_however_a_symbol_is_spelled_it_is_the_same_request(site: Site) -> None:
    _, first = await site.send("POST", TRADE.format("SOL"), **KEY)
    for spelling in ("SOLUSDT", "sol", "SOL-USDT"):
        status, body = await site.send("POST", TRADE.format(spelling), **KEY)
        assert (status, body) == (200, first)
    assert site.entries() == 1

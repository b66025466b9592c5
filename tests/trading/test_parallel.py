"""Many at once, and a venue that does not answer: one order each, and nobody else waits. Real HTTP, real ledger."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest

from opentrader import Settings, TradingSystem
from opentrader.exchange.paper.faults import Fault, Script
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.http.application import Application
from opentrader.http.connection import Server
from opentrader.http.door import Door
from opentrader.http.security import Guard
from tests.http.site import listening

TRADE = "/api/trade?symbol={}&direction=buy&bot=test&sl=30&tp=60&ev=30&confidence=9"


@dataclass
class Site:
    system: TradingSystem
    client: aiohttp.ClientSession
    base: str
    folder: Path

    @property
    def venue(self) -> PaperExchange:
        assert self.system._exchange is not None
        return self.system._exchange

    async def send(self, method: str, path: str, **headers: str) -> tuple[int, Any]:
        async with self.client.request(method, self.base + path, headers=headers) as answer:
            return answer.status, await answer.json()

    def entries(self) -> int:
        """Market buys that the venue has taken, by its own ledger."""
        connection = apsw.Connection(str(self.folder / "paper.db"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            ((count,),) = connection.execute("SELECT count(*) FROM orders WHERE type = 'MARKET' AND side = 'buy'")
            return int(count)
        finally:
            connection.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    settings = Settings(
        data_dir=tmp_path, license_email="me@example.com", license_name="Me", risk_max_trades_day=1000
    )  # fmt: skip
    async with TradingSystem(settings) as system:
        door = Door("test")
        door.open(system)
        async with listening(Server(Application(door, Guard("127.0.0.1", None)))) as port:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
                yield Site(system, client, f"http://127.0.0.1:{port}", tmp_path)
            door.shut()


@pytest.mark.parametrize("keyed", [False, True])
async def test_fifty_identical_posts_at_once_are_one_order_each_round(site: Site, keyed: bool) -> None:
    for number in range(20):
        headers = {"Idempotency-Key": f"round-{number}"} if keyed else {}
        answers = await asyncio.gather(*(site.send("POST", TRADE.format("SOL"), **headers) for _ in range(50)))
        statuses = Counter(status for status, _ in answers)
        assert statuses[200] >= 1
        assert set(statuses) <= {200, 409}
        assert len({body["trade"]["id"] for status, body in answers if status == 200}) == 1
        assert site.entries() == number + 1
        assert (await site.send("POST", "/api/close?symbol=SOL"))[0] == 200
    assert site.entries() == 20


@pytest.mark.parametrize("keyed", [False, True])
async def test_a_lost_answer_is_found_again_and_not_sent_twice(site: Site, keyed: bool) -> None:
    site.venue.line = type(site.venue.line)(
        Script([Fault("applied-no-reply", on="place")]), site.system._clock.market_ms
    )
    headers = {"Idempotency-Key": "lost"} if keyed else {}
    answers = await asyncio.gather(*(site.send("POST", TRADE.format("SOL"), **headers) for _ in range(50)))
    assert Counter(status for status, _ in answers)[200] >= 1
    assert site.entries() == 1
    (trade,) = (await site.send("GET", "/api/trades"))[1]["trades"]
    assert trade["protection"] == "oco"


async def test_while_the_venue_is_held_reads_answer_and_another_symbol_is_accepted(site: Site) -> None:
    for symbol in ("BTC", "SOL"):
        assert (await site.send("POST", TRADE.format(symbol)))[0] == 200
    site.venue.line.gate.clear()
    closing = asyncio.create_task(site.send("POST", "/api/close?symbol=BTC"))
    other = asyncio.create_task(site.send("POST", "/api/close?symbol=SOL"))
    for path in (
        "/api/health", "/api/trades", "/api/portfolio", "/api/status", "/api/pending-entries", "/api/signal/list",
        "/api/trades/history", "/api/trades/stats", "/api/state", "/api/market/all", "/api/market/BTC", "/api/audit",
    ):  # fmt: skip
        assert (await site.send("GET", path))[0] == 200, path
    reasons = {
        trade.intent.symbol: trade.close_reason for trade in site.system._supervisor.snapshot("position_manager").trades
    }
    for _ in range(200):
        reasons = {t.intent.symbol: t.close_reason for t in site.system._supervisor.snapshot("position_manager").trades}
        if set(reasons.values()) == {"close"}:
            break
        await asyncio.sleep(0.02)
    assert reasons == {"BTCUSDT": "close", "SOLUSDT": "close"}  # journalled, though no call can arrive
    assert not closing.done()
    assert not other.done()
    site.venue.line.gate.set()
    assert [status for status, _ in await asyncio.gather(closing, other)] == [200, 200]
    assert (await site.send("GET", "/api/trades"))[1]["count"] == 0

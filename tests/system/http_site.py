"""The whole system on the simulated market behind real HTTP, with the ledger of the venue as the judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import apsw

from opentrader import TradingSystem
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.transport import InjectedFault, Script

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
        status, body, _ = await self.answer(method, path, **headers)
        return status, body

    async def answer(self, method: str, path: str, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
        async with self.client.request(method, self.base + path, headers=headers) as answer:
            return answer.status, await answer.json(), answer.headers

    def entries(self) -> int:
        """Market buys that the venue has taken, by its own ledger."""
        connection = apsw.Connection(str(self.folder / "paper.db"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            ((count,),) = connection.execute("SELECT count(*) FROM orders WHERE type = 'MARKET' AND side = 'buy'")
            return int(count)
        finally:
            connection.close()

    def troubled(self, *faults: InjectedFault) -> None:
        """From now on these faults are on the line to the venue."""
        self.venue.transport = type(self.venue.transport)(Script(faults), self.system._clock.market_ms)

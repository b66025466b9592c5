"""The whole system on the simulated market, with the ledger of its exchange as the judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import apsw

from opentrader import TradingSystem
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.transport import InjectedFault, Script

TRADE = "/api/trade?symbol={}&direction=buy&bot=test&sl=30&tp=60&ev=30&confidence=9"


@dataclass(frozen=True)
class Venue:
    """What stands behind a site: the system, and the exchange that it trades on."""

    system: TradingSystem
    folder: Path

    @property
    def exchange(self) -> PaperExchange:
        assert self.system._exchange is not None
        return self.system._exchange

    def entries(self) -> int:
        """Market buys that the exchange has taken, by its own ledger."""
        connection = apsw.Connection(str(self.folder / "paper.db"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            ((count,),) = connection.execute("SELECT count(*) FROM orders WHERE type = 'MARKET' AND side = 'buy'")
            return int(count)
        finally:
            connection.close()

    def troubled(self, *faults: InjectedFault) -> None:
        """From now on these faults are on the line to the exchange."""
        self.exchange.transport = type(self.exchange.transport)(Script(faults), self.system._clock.market_ms)

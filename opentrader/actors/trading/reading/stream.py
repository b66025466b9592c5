"""What the exchange tells by itself: it wakes, and reads decide. Prices count as they come."""

from __future__ import annotations

from dataclasses import dataclass

from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.reading.prices import PriceWatch
from opentrader.domain.trading.exchange import OrderChanged, PricesChanged, StreamAlive, StreamLost, VenueEvent


@dataclass(frozen=True, slots=True)
class VenueTold(Message[None]):
    """An event of the stream of the exchange."""

    owner = "position_manager"
    own = True
    event: VenueEvent


class StreamListener(TradingPart):
    """Listens from its first tick on. `alive`: the stream tells of changes, so that less is polled."""

    def __init__(self, desk: Desk, loop: LifecycleLoop, prices: PriceWatch) -> None:
        super().__init__(desk)
        self._loop, self._prices = loop, prices
        self._asked = self.alive = False

    def tick(self) -> None:
        if not self._asked:
            self._asked = True
            tell, snapshot = self.links.tell, self._snapshot
            self.links.pipe(self._exchange.stream(lambda event: tell(VenueTold(event)), lambda: snapshot().followed))

    @handles(VenueTold)
    def hear(self, message: VenueTold) -> None:
        match message.event:
            case OrderChanged(symbol):
                self._loop.told(symbol)
            case PricesChanged(prices):
                self._prices.pushed(prices)
            case StreamAlive():
                self._turn(alive=True)
            case StreamLost():
                self._prices.lost()
                self._turn(alive=False)

    def _turn(self, *, alive: bool) -> None:
        if alive != self.alive:
            self.alive = alive
            self._loop.follow(pushed=alive)

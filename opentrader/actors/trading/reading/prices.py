"""The prices of what is held, watched apart from the orders: for the marks, and for levels that rest on no exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.domain.trading.exchange import PriceTicker

SOFT_SECONDS = 1.0  # while a position has a stop or a target that is only ours
MARK_SECONDS = 5.0  # otherwise; a price that the exchange has told by itself serves as long


@dataclass(frozen=True, slots=True)
class PricesRead(Message[None]):
    outcome: Outcome[Mapping[str, PriceTicker]]


class PriceWatch(TradingPart):
    """Takes the prices that the exchange tells by itself, and asks for the others, all in one call.

    A breach of a soft level causes a look, which decides.
    """

    def __init__(self, desk: Desk, loop: LifecycleLoop) -> None:
        super().__init__(desk)
        self._loop = loop
        self._asked_at, self._under_way = 0.0, False
        self._told_at: dict[str, float] = {}  # by the stream; symbol -> steady seconds
        self._newest: dict[str, int] = {}  # symbol -> instant of the latest price

    def tick(self, at: float) -> None:
        """Ask as often as the most demanding position needs it; one call is in flight."""
        if self._under_way or at - self._asked_at < SOFT_SECONDS:
            return
        untold = [pair for pair in self.book.positions.pairs if not self._is_told(pair, at)]
        pause = SOFT_SECONDS if any(map(self.book.positions.is_soft, untold)) else MARK_SECONDS
        if untold and at - self._asked_at >= pause:
            self._asked_at, self._under_way = at, True
            self.links.pipe(self._exchange.prices(untold), then=PricesRead)

    @handles(PricesRead)
    def learn(self, message: PricesRead) -> None:
        self._under_way = False
        if not isinstance(message.outcome, Done):
            return
        self._take(message.outcome.value)

    def pushed(self, prices: Mapping[str, PriceTicker]) -> None:
        """What the stream tells. A price that is older than the last one of its symbol came late, or twice."""
        self._take(prices, told_at=self.links.clock.steady())

    def lost(self) -> None:
        """The stream is lost: ask at once."""
        self._told_at.clear()
        self._asked_at = 0.0

    def _is_told(self, pair: str, at: float) -> bool:
        return at - self._told_at.get(pair, -MARK_SECONDS) < MARK_SECONDS

    def _take(self, prices: Mapping[str, PriceTicker], told_at: float = 0.0) -> None:
        """However many positions there are, a price costs as much as it touches. `told_at`: when the stream told it."""
        marks, newest, positions, changed = self.book.marks, self._newest, self.book.positions, False
        for pair, ticker in prices.items():
            if told_at:
                if ticker.at < newest.get(pair, 0):
                    continue
                self._told_at[pair] = told_at
            newest[pair] = ticker.at
            if marks.get(pair) != ticker.last:
                marks[pair], changed = ticker.last, True
            for key in positions.reached(pair, ticker):
                self._loop.hurry(self.book.trades[key])
        if changed:
            self._show()

"""The prices of what is held, watched apart from the orders: for the marks, and for levels that rest on no exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.replies.presenter import held
from opentrader.domain.trading.exchange import PriceTicker
from opentrader.domain.trading.lifecycle import Trade

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
        open_ = [trade for trade in self.book.trades.values() if held(trade) > 0 and not self._is_told(trade, at)]
        pause = SOFT_SECONDS if any(map(is_soft, open_)) else MARK_SECONDS
        if open_ and not self._under_way and at - self._asked_at >= pause:
            self._asked_at, self._under_way = at, True
            symbols = {trade.intent.symbol for trade in open_}
            self.links.pipe(self._exchange.prices(symbols), then=PricesRead)

    @handles(PricesRead)
    def learn(self, message: PricesRead) -> None:
        self._under_way = False
        if not isinstance(message.outcome, Done):
            return
        self._take(message.outcome.value)

    def pushed(self, prices: Mapping[str, PriceTicker]) -> None:
        """What the stream tells. A price that is older than the last one of its symbol came late, or twice."""
        new = {symbol: ticker for symbol, ticker in prices.items() if ticker.at >= self._newest.get(symbol, 0)}
        self._told_at |= dict.fromkeys(new, self.links.clock.steady())
        self._take(new)

    def lost(self) -> None:
        """The stream is lost: ask at once."""
        self._told_at.clear()
        self._asked_at = 0.0

    def _is_told(self, trade: Trade, at: float) -> bool:
        return at - self._told_at.get(trade.intent.symbol, -MARK_SECONDS) < MARK_SECONDS

    def _take(self, prices: Mapping[str, PriceTicker]) -> None:
        new = {symbol: ticker.last for symbol, ticker in prices.items()}
        for symbol, ticker in prices.items():
            self._newest[symbol] = ticker.at
            self._loop.hurry(*(x for x in self.book.trades.values() if x.intent.symbol == symbol and breaks(x, ticker)))
        if new.items() - self.book.marks.items():
            self.book.marks.update(new)
            self._show()


def is_soft(trade: Trade) -> bool:
    """Whether a position has a level that no order on the exchange stands for."""
    return held(trade) > 0 and not any(leg.open and leg.kind == "L" and not leg.flag for leg in trade.exits)


def breaks(trade: Trade, ticker: PriceTicker) -> bool:
    """Whether the price has reached a level of a position that is only ours."""
    return is_soft(trade) and (ticker.bid <= trade.sl or ticker.ask >= trade.tp)

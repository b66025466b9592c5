"""The positions as a price sees them: in which markets there are any, and their levels that rest on no exchange."""

from __future__ import annotations

from collections.abc import Iterable

from opentrader.actors.trading.replies.presenter import held
from opentrader.domain.trading.exchange import PriceTicker
from opentrader.domain.trading.lifecycle import Trade
from opentrader.domain.trading.price_levels import PriceLevels


class PricedPositions:
    """Follows the book: it is told of each new state of a trade, so that a price need not ask them all."""

    def __init__(self) -> None:
        self._held: dict[str, set[str]] = {}  # pair -> ids
        self._levels: dict[str, PriceLevels] = {}  # pair -> levels

    def put(self, trade: Trade) -> None:
        """A new state of a trade."""
        pair, key = trade.intent.symbol, trade.intent.id
        if held(trade) <= 0:
            self.drop(trade)
            return
        self._held.setdefault(pair, set()).add(key)
        levels = self._levels.setdefault(pair, PriceLevels())
        if is_soft(trade):
            levels.put(key, trade.floor, trade.ceiling)
        else:
            levels.drop(key)

    def drop(self, trade: Trade) -> None:
        """A trade that holds nothing, or that nobody watches any more."""
        pair, key = trade.intent.symbol, trade.intent.id
        if key in self._held.get(pair, ()):
            self._held[pair].discard(key)
            self._levels[pair].drop(key)
            if not self._held[pair]:
                del self._held[pair], self._levels[pair]

    @property
    def pairs(self) -> tuple[str, ...]:
        """Those in which something is held, in order."""
        return tuple(sorted(self._held))

    def is_soft(self, pair: str) -> bool:
        """Whether a level of the pair rests on no exchange."""
        return bool(self._levels.get(pair))

    def reached(self, pair: str, ticker: PriceTicker) -> Iterable[str]:
        """The ids of the trades of which the price has reached a level that is only ours."""
        levels = self._levels.get(pair)
        return levels.reached(ticker.bid, ticker.ask) if levels is not None else ()


def is_soft(trade: Trade) -> bool:
    """Whether a position has a level that no order on the exchange stands for."""
    return not any(leg.open and leg.kind == "L" and not leg.flag for leg in trade.exits)

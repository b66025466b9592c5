"""The way of a price to the positions: public names of the trading actor."""

from opentrader.actors.runtime.part import Links
from opentrader.actors.trading.book import TradeBook
from opentrader.actors.trading.desk import Desk
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop, Surroundings
from opentrader.actors.trading.reading.prices import PriceWatch
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.clock import SortableIds, SystemClock
from opentrader.domain.trading.exchange import PriceTicker
from opentrader.domain.trading.lifecycle import BINANCE, Intent, Leg, Trade
from opentrader.domain.trading.ports import Records

__all__ = [
    "BINANCE",
    "Desk",
    "Intent",
    "Leg",
    "LifecycleLoop",
    "Links",
    "PriceTicker",
    "PriceWatch",
    "Records",
    "SortableIds",
    "Surroundings",
    "SystemClock",
    "Trade",
    "TradeBook",
    "TradingSnapshot",
]

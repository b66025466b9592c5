"""The simulated market with coins of one's own, and the analysis of its candles."""

from opentrader.domain.analysis.parameters import HISTORY
from opentrader.domain.symbols import Listing
from opentrader.feed.simulated import SimulatedFeed
from opentrader.indicators import market_context

__all__ = ["HISTORY", "Listing", "SimulatedFeed", "market_context"]

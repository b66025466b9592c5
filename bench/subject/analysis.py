"""The analysis: candles in, indicators, structure and decisions out."""

from opentrader.actors.analysis.scanner import market_scan
from opentrader.domain.analysis.candles import Candles
from opentrader.domain.analysis.market import MarketContext
from opentrader.indicators import AnalysisState, Arrival, Indicators, indicator_series, market_context, mr_signal

__all__ = [
    "AnalysisState",
    "Arrival",
    "Candles",
    "Indicators",
    "MarketContext",
    "indicator_series",
    "market_context",
    "market_scan",
    "mr_signal",
]

"""Indicators, market structure and what follows from them: pure functions of candles and time."""

from .batch import indicator_series, market_context, mr_signal, trend_result
from .state import AnalysisState, Arrival, Indicators

__all__ = [
    "AnalysisState",
    "Arrival",
    "Indicators",
    "indicator_series",
    "market_context",
    "mr_signal",
    "trend_result",
]

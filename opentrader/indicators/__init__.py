"""Indicators, market structure, and the decisions based on them: pure functions of candles and time."""

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

"""`from app.trend import analyze_symbol`."""

from opentrader.research import analyze_symbol

__all__ = ["analyze_symbol"]

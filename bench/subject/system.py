"""The whole system without a port: public names."""

from opentrader import ExecuteTrade, OpenTrades, PlaceManual, Settings, TradingSystem

__all__ = ["ExecuteTrade", "OpenTrades", "PlaceManual", "Settings", "TradingSystem"]

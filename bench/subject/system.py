"""The whole system without a port: public names."""

from opentrader import OpenTrades, Settings, TradingSystem

__all__ = ["OpenTrades", "Settings", "TradingSystem"]

"""The wire between a system and its paper exchange."""

from opentrader import TradingSystem
from opentrader.exchange.paper.wire import Wire

__all__ = ["Wire", "wire_of"]


def wire_of(system: TradingSystem) -> Wire:
    """The wire of a system that has started; it counts the request weight of the minute."""
    assert system._exchange is not None
    return system._exchange.transport.wire

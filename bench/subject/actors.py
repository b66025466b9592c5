"""The actor runtime, without the trading system around it."""

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.clock import SortableIds, SystemClock

__all__ = ["Actor", "Message", "SortableIds", "Supervisor", "SystemClock", "handles"]

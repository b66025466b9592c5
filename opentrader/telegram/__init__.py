"""Messages to the operator through a Telegram bot."""

from opentrader.telegram.bot import Bot
from opentrader.telegram.silent import Silent

__all__ = ["Bot", "Silent"]

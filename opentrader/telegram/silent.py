"""The messenger of an installation without a Telegram bot."""

from __future__ import annotations

from collections.abc import Sequence

from opentrader.domain.approvals import Button
from opentrader.errors import TelegramNotConfigured


class Silent:
    """Refuses every message."""

    async def send(self, text: str, buttons: Sequence[Button] = ()) -> int:
        """Raises `TelegramNotConfigured`."""
        raise TelegramNotConfigured(
            "Telegram is not configured",
            hint="Set OPENTRADER_TELEGRAM_TOKEN and OPENTRADER_TELEGRAM_CHAT_ID, then restart.",
        )

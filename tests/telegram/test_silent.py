"""The messenger of an installation without a bot."""

from __future__ import annotations

import pytest

from opentrader.errors import TelegramNotConfigured
from opentrader.telegram import Silent


async def test_without_a_bot_nothing_is_sent():
    with pytest.raises(TelegramNotConfigured, match="not configured") as error:
        await Silent().send("hello")
    assert "OPENTRADER_TELEGRAM_TOKEN" in error.value.hint

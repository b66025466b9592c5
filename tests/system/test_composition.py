"""What the settings build: the limits of risk, the messenger, the copies of the store."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from opentrader.config.settings import Settings
from opentrader.errors import TelegramNotConfigured
from opentrader.store import Store
from opentrader.system.composition import messenger_of, risk_of, tidied
from opentrader.telegram import Bot

pytestmark = pytest.mark.usefixtures("own_folder")


def test_each_limit_of_risk_comes_from_the_setting_of_its_name() -> None:
    settings = Settings(
        risk_per_trade_pct=Decimal("0.25"),
        risk_max_notional_pct=Decimal(11),
        risk_max_open=5,
        risk_max_trades_day=7,
        risk_max_daily_loss_pct=Decimal(2),
        risk_cooldown_sec=60,
        risk_collar_pct=Decimal(4),
    )
    risk = risk_of(settings)
    assert (risk.per_trade_pct, risk.max_notional_pct, risk.max_daily_loss_pct, risk.collar_pct) == (
        Decimal("0.25"),
        Decimal(11),
        Decimal(2),
        Decimal(4),
    )
    assert (risk.max_open, risk.max_trades_day, risk.cooldown_sec) == (5, 7, 60)


async def test_without_a_token_nobody_is_notified() -> None:
    with pytest.raises(TelegramNotConfigured):
        await messenger_of(Settings()).send("text")
    configured = Settings(telegram_token="1:x", telegram_chat_id="1", telegram_url="http://127.0.0.1:1")
    assert isinstance(messenger_of(configured), Bot)


async def test_tidying_leaves_a_copy_of_the_store(store: Store, tmp_path: Path) -> None:
    await tidied(Settings(data_dir=tmp_path / "data"), store, 1_714_219_200.0)
    assert len(list((tmp_path / "data" / "backups").iterdir())) == 1

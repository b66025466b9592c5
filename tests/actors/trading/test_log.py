"""What the log tells of a day: one line for each thing that an operator wants to know, and none for a quiet tick."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from opentrader import ClosePosition, ExecuteTrade, Halt, PostSignal, RejectSignal, Resume, Settings, TradingSystem
from opentrader.actors.messages import TradeOpened
from opentrader.actors.trading.log import log_change
from opentrader.domain.trading.lifecycle import Alert, Intent, planned
from opentrader.domain.trading.lifecycle.records import Label, Severity


def system_of(folder: Path) -> TradingSystem:
    return TradingSystem(Settings(data_dir=folder, feed="simulated", license_email="me@example.com", license_name="Me"))


async def test_a_day_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "opentrader"):
        async with system_of(tmp_path / "data") as system:
            await system.ask(PostSignal(symbol="ADA", direction="buy", bot="a\nb"))
            await system.ask(RejectSignal("ADA"))
            opened = await system.ask(
                ExecuteTrade(symbol="ETH", direction="buy", bot="mr", sl=2, tp=4, ev=30, confidence=9)
            )
            assert isinstance(opened, TradeOpened)
            await system.ask(ClosePosition("ETH"))
            await system.ask(Halt(reason="lunch"))
            await system.ask(Halt(reason="lunch"))
            await system.ask(Resume())
            await system.ask(Resume())
    told = [record.getMessage() for record in caplog.records]
    wanted = [
        f"starting on {tmp_path / 'data'}: feed simulated, exchange paper",
        "license: the free plan is active",
        "started",
        "signal: buy ADAUSDT by a\nb is pending",
        "signal: buy ADAUSDT by a\nb is skipped",
        f"trade {opened.trade.id}, ETHUSDT: entering",
        f"trade {opened.trade.id}, ETHUSDT: protected",
        f"trade {opened.trade.id}, ETHUSDT: closing",
        "trading is halted: lunch",
        "trading resumed",
        "stopping",
        "stopped",
    ]
    assert [line for line in told if line in wanted] == wanted
    (over,) = (line for line in told if ": closed (" in line)
    assert f"trade {opened.trade.id}, ETHUSDT: closed (close): " in over
    assert "pnl" in over


@pytest.mark.parametrize(("severity", "level"), [("note", "INFO"), ("alert", "WARNING"), ("page", "WARNING")])
def test_an_alert_is_told_once_and_as_grave_as_it_is(
    severity: Severity, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    one = Decimal(1)
    trade = planned(Intent("01J", "market", "SOLUSDT", "buy", one, one, one, one, 0, 0, "i"))
    alerted = replace(trade, alerts=(Alert("unprotected", severity, 1),))
    with caplog.at_level(logging.INFO, "opentrader"):
        log_change(trade, alerted)
        log_change(alerted, alerted)
        log_change(alerted, replace(alerted, alerts=(Alert("unprotected", severity, 2),)))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (level, "trade 01J, SOLUSDT: unprotected")
    ] * 2


@pytest.mark.parametrize(
    ("reason", "level"), [("close", "INFO"), ("closeall", "INFO"), ("soft_stop", "WARNING"), ("gap", "WARNING")]
)
def test_a_close_that_nobody_asked_for_is_a_warning(reason: str, level: str, caplog: pytest.LogCaptureFixture) -> None:
    one = Decimal(1)
    trade = planned(Intent("01J", "market", "SOLUSDT", "buy", one, one, one, one, 0, 0, "i"))
    with caplog.at_level(logging.INFO, "opentrader"):
        log_change(trade, trade.closing_for(reason, 1))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (level, f"trade 01J, SOLUSDT: decided to close ({reason})")
    ]


def test_every_state_is_told_in_words(caplog: pytest.LogCaptureFixture) -> None:
    one = Decimal(1)
    trade = planned(Intent("01J", "market", "SOLUSDT", "buy", one, one, one, one, 0, 0, "i"))
    with caplog.at_level(logging.INFO, "opentrader"):
        for label in get_args(Label):
            log_change(None, replace(trade, label=label))
    told = [record.getMessage().removeprefix("trade 01J, SOLUSDT: ") for record in caplog.records]
    assert len(set(told)) == len(get_args(Label))
    assert not any("_" in words for words in told)


async def test_what_is_taken_over_at_a_start_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with system_of(tmp_path / "data") as system:
        asked = ExecuteTrade(symbol="ETH", direction="buy", bot="mr", sl=2, tp=4, ev=30, confidence=9)
        opened = await system.ask(asked)
        assert isinstance(opened, TradeOpened)
    with caplog.at_level(logging.INFO, "opentrader"):
        async with system_of(tmp_path / "data"):
            pass
    assert f"trade {opened.trade.id}, ETHUSDT: resumed, protected" in caplog.text

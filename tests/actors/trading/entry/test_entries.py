"""What an entry is refused for, and when it is filled at once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.position_manager import PositionManager
from opentrader.actors.trading.reading.account import ReadAccount
from opentrader.domain.trading.risk import Risk
from opentrader.errors import (
    DailyLimitReached,
    NoPosition,
    OpentraderError,
    RiskLimit,
    TradeExists,
    TradingHalted,
)
from opentrader.store.sqlite.disk import DataDisk
from tests.fakes.market import MINUTE, PAIR, Market
from tests.fakes.orders import buy, limit

DAY = 86_400_000


async def test_a_marketable_limit_is_filled_at_once(market: Market) -> None:
    placed = await market.ask(limit(101.0))
    assert placed.status == "filled"
    assert placed.trade.protection == "oco"


async def test_what_stands_in_the_way_of_an_entry(market: Market) -> None:
    with pytest.raises(NoPosition):
        await market.ask(buy(direction="sell"))
    await market.ask(buy())
    with pytest.raises(TradeExists):
        await market.ask(buy())
    with pytest.raises(RiskLimit):
        await market.ask(limit(120.0))
    await market.ask(messages.Halt(reason="test"))
    for entry in (buy(), limit(95.0)):
        with pytest.raises(TradingHalted):
            await market.ask(entry)
    sold = await market.ask(buy(direction="sell"))
    assert sold.closed[0].exit_reason == "sell"
    await market.ask(messages.Resume())
    for _ in range(2):
        await market.ask(buy())
        await market.ask(messages.ClosePosition(PAIR))
    with pytest.raises(DailyLimitReached):
        await market.ask(buy())
    assert (await market.ask(messages.ResetDaily())).trades_today_before == 3
    await market.ask(buy())


async def test_after_a_stop_out_a_symbol_cools_down_also_across_a_restart(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.risk = Risk(cooldown_sec=3600)
    await market.start()
    await market.go(100.0)
    await market.ask(buy())
    await market.go(97.5, 97.4)
    for _ in "before", "after":
        with pytest.raises(RiskLimit):
            await market.ask(buy())
        await market.stop()
        await market.start()
    await market.go(*[97.4] * 61)
    assert (await market.ask(buy())).status == "opened"
    await market.stop()


async def test_a_loss_of_yesterday_does_not_stop_today(market: Market) -> None:
    market.risk = Risk(max_daily_loss_pct=Decimal("0.1"), cooldown_sec=0)
    await market.stop()
    await market.start()
    await market.ask(buy())
    await market.go(97.0, 97.0)
    with pytest.raises(RiskLimit, match="today"):
        await market.ask(buy())
    market.clock.now_ms += DAY
    market.feed.future += [97.0] * (DAY // MINUTE)
    await market.ask(ReadAccount())
    assert market.snapshot.pnl_today == 0
    assert (await market.ask(buy())).status == "opened"


async def test_while_halted_nobody_asks_a_disk_that_does_not_answer(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(disk: DataDisk) -> bool:
        raise OSError("stale file handle")

    await market.ask(messages.Halt(reason="night"))
    monkeypatch.setattr(DataDisk, "roomy", stale)
    for _ in range(3):  # three deaths of an actor would end the daemon
        with pytest.raises(TradingHalted, match="night"):
            await market.ask(buy())
    assert [status.restarts for status in market.supervisor.status()] == [0] * len(market.supervisor.status())


async def test_an_entry_is_refused_and_not_unknown_if_the_last_gate_cannot_be_read(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(manager: PositionManager) -> None:
        raise OSError("stale file handle")

    with monkeypatch.context() as broken:
        broken.setattr(PositionManager, "_barred", unreadable)  # as the last check before the socket calls it
        with pytest.raises(OpentraderError, match="could not be read"):
            await market.ask(buy())
    assert await market.venue.orders(PAIR, 0) == ()
    assert (await market.ask(buy())).status == "opened"

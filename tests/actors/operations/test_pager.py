"""The pager: pages begin and end by themselves, are published and logged, and need no venue and no other actor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opentrader.actors.operations.pager import Pager
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.actors.signals.operator import Messenger, OperatorChannel
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.domain.approvals import Button
from opentrader.domain.trading.exchange import VenueState
from opentrader.domain.trading.ports import DiskState
from tests.fakes.clock import CountedIds, StillClock
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy
from tests.waiting import until


class World:
    """What the pager sees, as a test says."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.trading = TradingSnapshot(begun=self.clock.now_ms)
        self.crashed: tuple[str, ...] = ()
        self.venue, self.behind = VenueState(), ""
        self.disk = DiskState(free=1 << 40, reserve=16 << 20, degraded=False, slow_commits=0)

    def snapshot(self, name: str) -> Any:
        return {"position_manager": self.trading}[name]

    def pausing(self) -> tuple[str, ...]:
        return self.crashed


@asynccontextmanager
async def running(world: World, phone: Messenger | None = None) -> AsyncIterator[Supervisor]:
    run = Supervisor(asyncio.get_running_loop(), world.clock, CountedIds(), on_fatal=lambda reason: None)
    if phone is not None:
        run.add("telegram_desk", lambda context: OperatorChannel(context, phone, lambda: "nonce"))
    run.add(
        "pager",
        lambda context: Pager(
            context,
            world,
            venue=lambda: world.venue,
            disk=lambda: world.disk,
            clock_behind=lambda: world.behind or None,
            speed=1.0,
            telegram=phone is not None,
        ),
    )
    await run.start()
    yield run
    await run.stop()


async def test_a_page_is_published_and_logged_once_when_it_begins_and_once_when_it_ends(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pager, "tick_seconds", 0.005)
    world = World()
    with caplog.at_level(logging.INFO, "opentrader.actors.operations"):
        async with running(world) as run:
            assert run.snapshot("pager") == ()
            world.disk = replace(world.disk, reserve=0)
            await until(lambda: codes(run) == ["disk_full"])
            world.crashed = ("scanner",)
            await until(lambda: codes(run) == ["actor_crashes", "disk_full"])
            world.disk = replace(world.disk, reserve=16 << 20)
            await until(lambda: codes(run) == ["actor_crashes"])
    told = [(record.levelname, record.getMessage().partition(":")[0]) for record in caplog.records]
    assert told == [("ERROR", "page disk_full"), ("ERROR", "page actor_crashes"), ("INFO", "page disk_full has ended")]


def codes(run: Supervisor) -> list[str]:
    return [page.code for page in run.snapshot("pager")]


class Phone:
    """A messenger that keeps what it is to send."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def send(self, text: str, buttons: Sequence[Button] = ()) -> int:
        self.texts.append(text)
        return len(self.texts)


async def test_a_page_is_sent_where_there_is_somebody_to_send_it_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pager, "tick_seconds", 0.005)
    world, phone = World(), Phone()
    async with running(world, phone) as run:
        world.disk = replace(world.disk, degraded=True)
        await until(lambda: phone.texts)
        world.disk = replace(world.disk, degraded=False)
        await until(lambda: len(phone.texts) == 2)
        assert codes(run) == []
    begun, ended = phone.texts
    assert begun.startswith("PAGE disk_slow: commits take longer")
    assert ended == "ENDED disk_slow"


async def test_k9_a_trade_that_nobody_looks_at_is_paged_while_the_line_to_the_venue_hangs(tmp_path: Path) -> None:
    market = Market(tmp_path)
    await market.start()
    await market.go(100.0)
    opened = await market.ask(buy())
    market.venue.transport.gate.clear()
    market.clock.now_ms += 70_000
    await until(lambda: {"not_looked_at", "account_unread"} <= market.pages.keys())
    page = market.pages["not_looked_at"]
    assert (page.trade, page.symbol) == (opened.trade.id, PAIR)
    market.venue.transport.gate.set()
    while market.pages:  # a read that has failed meanwhile is repeated a second later
        market.clock.now_ms += 100
        await asyncio.sleep(0.05)
    await market.stop()


async def test_k11_a_trade_in_a_symbol_that_cannot_be_read_is_paged_by_its_symbol(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.feed.coins = ["SOL", "AAA"]
    await market.start()
    await market.go(100.0)
    await market.ask(buy(symbol="AAAUSDT"))
    await market.stop()
    market.feed.coins = ["SOL"]
    await market.start()
    await until(lambda: "AAAUSDT" in market.snapshot.blind)
    market.clock.now_ms += 30_000
    await until(lambda: "symbol_unreadable" in market.pages)
    assert market.pages["symbol_unreadable"].symbol == "AAAUSDT"
    await market.stop()

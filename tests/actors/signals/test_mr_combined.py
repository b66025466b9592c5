"""MR Combined: what a scan emits, and why it does not."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors.messages import (
    BoardState,
    MrSignalOf,
    ReportWork,
    ScanAndSignal,
    SignalRows,
)
from opentrader.actors.signals import mr_combined
from opentrader.actors.signals.mr_combined import Rule
from opentrader.domain.timeframes import TF_MS
from opentrader.errors import InternalError, Overloaded, StorageError
from opentrader.store.tables.signals import SignalTable

HOUR = 3600


async def find_setup(books: Any) -> str:
    """Move the clock to a candle with an accepted setup on the wave; its direction."""
    for _ in range(400):
        found = await books.ask(MrSignalOf("BTCUSDT"))
        if found.reason == "":
            return found.direction
        books.clock.now += TF_MS["4h"] / 1000
    raise AssertionError("the wave has no setup")


async def test_scan_and_signal_emits_what_it_finds_and_says_why_not(books):
    direction = await find_setup(books)
    if direction == "sell":
        books.positions.pairs.update({"BTCUSDT", "ETHUSDT", "SOLUSDT"})
    scan = await books.ask(ScanAndSignal(["BTC", "eth/usdt", "NOSUCH", "BTCUSDT"]))
    assert [(s.symbol, s.direction, s.status) for s in scan.signaled] == [
        ("BTCUSDT", direction, "telegram_failed"),
        ("ETHUSDT", direction, "telegram_failed"),
    ]
    assert [(s.symbol, s.reason) for s in scan.skipped] == [("NOSUCHUSDT", "symbol_not_found")]
    assert scan.scanned == 3
    again = await books.ask(ScanAndSignal(["BTC", "ETH"]))
    assert [s.reason for s in again.skipped] == ["cooldown", "cooldown"]
    kept = books.view(SignalRows()).signals[0]
    assert (kept.bot, kept.total, kept.status) == ("mr_combined", 7, "pending")
    assert kept.sl_pct > 0 < kept.tp_pct


async def test_the_days_limit_comes_before_any_fetch(books):
    books.positions.today = 3
    scan = await books.ask(ScanAndSignal())
    assert (scan.reason, scan.signaled, scan.skipped) == ("daily_limit_reached", (), ())
    assert books.feed.calls == []


async def test_a_gate_that_must_pass_is_a_reason(books):
    books.rule = Rule(require_gate=True)
    await books.restart()
    await find_setup(books)
    scan = await books.ask(ScanAndSignal(["BTC"]))
    assert [s.reason for s in scan.skipped] == ["gate"]


async def test_a_venue_that_fails_is_a_skipped_row(broken_feed):
    scan = await broken_feed.ask(ScanAndSignal())
    assert {s.reason for s in scan.skipped} == {"fetch_error"}


@pytest.mark.parametrize(
    ("error", "reason"), [(InternalError("a fault"), "internal_error"), (Overloaded("busy"), "overloaded")]
)
async def test_what_fails_on_this_side_is_no_error_of_the_venue(books, error, reason):
    books.feed.failing = error
    scan = await books.ask(ScanAndSignal(["BTC"]))
    assert [(s.symbol, s.reason) for s in scan.skipped] == [("BTCUSDT", reason)]


async def test_a_signal_that_cannot_be_kept_costs_only_its_own_pair(books, monkeypatch):
    direction = await find_setup(books)
    if direction == "sell":
        books.positions.pairs.update({"BTCUSDT", "ETHUSDT", "SOLUSDT"})
    keep = SignalTable.keep

    async def full_for_eth(table: Any, signal: Any, bar_ms: int | None = None) -> None:
        if signal.pair == "ETHUSDT":
            raise StorageError("the disk is full")
        await keep(table, signal, bar_ms)

    monkeypatch.setattr(SignalTable, "keep", full_for_eth)
    scan = await books.ask(ScanAndSignal())
    assert [s.symbol for s in scan.signaled] == ["BTCUSDT", "SOLUSDT"]
    assert [(s.symbol, s.reason) for s in scan.skipped] == [("ETHUSDT", "storage_error")]
    await books.ask(ReportWork("ops", "idle", "the board has handled what came before"))
    card = books.view(BoardState()).agents["scout"]
    assert (card.status, card.action) == ("idle", "MR Combined scan: 2 of 3 signaled")


async def test_a_scan_that_fails_as_a_whole_shows_on_the_card(books, monkeypatch):
    async def stopped(*_args: Any) -> str:
        raise InternalError("the bot has a fault")

    monkeypatch.setattr(mr_combined, "_setup", stopped)
    with pytest.raises(InternalError):
        await books.ask(ScanAndSignal())
    await books.ask(ReportWork("ops", "idle", "the board has handled what came before"))
    card = books.view(BoardState()).agents["scout"]
    assert (card.status, card.action) == ("error", "MR Combined scan: the bot has a fault")

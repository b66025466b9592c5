"""The agents' board, the license and the trends: durable, and honest about who may."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from opentrader.actors.messages import (
    ActivateLicense,
    BoardState,
    HealthOf,
    LicenseOf,
    NoteTrends,
    RegisterLicense,
    ReportWork,
    StoreTrend,
    TrendRows,
    UpdateAgent,
)
from opentrader.actors.operations.license_guard import refused
from opentrader.domain.analysis.trend import Score, Trend, TrendResult
from opentrader.domain.license import is_genuine, key_for
from opentrader.errors import AgentNotFound, LicenseKeyNotFound, StorageError
from opentrader.store.tables import licenses
from opentrader.store.tables.licenses import LicenseTable


async def test_a_card_keeps_its_text_when_only_its_status_changes(books):
    await books.ask(UpdateAgent("coo", "running", "Day trading scan"))
    updated = await books.ask(UpdateAgent("coo", "waiting"))
    assert (updated.status, updated.action) == ("waiting", "Day trading scan")
    state = books.view(BoardState())
    assert state.agents["coo"].status == "waiting"
    assert state.agents["ops"].ts == 0
    assert [line.message for line in state.log] == ["waiting: Day trading scan", "running: Day trading scan"]


async def test_an_unknown_agent_has_no_card_but_its_work_is_logged(books):
    with pytest.raises(AgentNotFound):
        await books.ask(UpdateAgent("bob", "idle"))
    await books.ask(ReportWork("bob", "running", "scan"))
    state = books.view(BoardState())
    assert set(state.agents) == {"coo", "ops", "tech", "finance", "scout"}
    assert state.log[0].agent == "bob"


async def test_board_license_and_trends_survive_a_restart(books):
    await books.ask(UpdateAgent("tech", "error", "feed down"))
    await books.ask(RegisterLicense("me@example.com", "Me"))
    await books.ask(StoreTrend("ZZZUSDT", "uptrend", score=Score(5, 0, 2)))
    before = [books.view(query) for query in (BoardState(), LicenseOf(), TrendRows())]
    await books.restart()
    assert [books.view(query) for query in (BoardState(), LicenseOf(), TrendRows())] == before


async def test_the_log_keeps_its_newest_lines_in_memory_and_in_the_store(books):
    for number in range(203):
        await books.ask(ReportWork("ops", "running", str(number)))
    for _ in "before", "after":
        log = books.view(BoardState()).log
        assert (len(log), log[0].message, log[-1].message) == (200, "running: 202", "running: 3")
        await books.restart()


async def test_registering_is_local_and_the_same_mail_has_the_same_key(books):
    assert books.view(HealthOf()).license_status == "required"
    assert books.view(LicenseOf()).license_key is None
    first = await books.ask(RegisterLicense("Me@Example.com", "Me"))
    books.clock.now += 100
    again = await books.ask(RegisterLicense("me@example.com", "Me"))
    assert first.license_key == again.license_key == key_for("ME@example.com")
    assert first.activated_at == again.activated_at
    assert is_genuine(first.license_key)
    health = books.view(HealthOf())
    assert (health.license_status, health.plan) == ("active", "free")
    shown = books.view(LicenseOf()).license_key
    assert shown == "OT-****-****-****-" + first.license_key[-4:]


async def test_a_key_proves_itself_on_another_machine_and_a_made_up_one_does_not(books):
    with pytest.raises(LicenseKeyNotFound):
        await books.ask(ActivateLicense("OT-ZZZZ-ZZZZ-ZZZZ-ZZZZ"))
    active = await books.ask(ActivateLicense(key_for("other@example.com").lower()))
    assert (active.license_status, active.email) == ("active", None)


async def test_a_license_row_edited_by_another_hand_counts_as_none(books):
    await books.ask(RegisterLicense("me@example.com", "Me"))
    sealed = books.store.read(licenses.row)
    edited = replace(sealed, license=replace(sealed.license, name="Somebody"))
    await books.store.write(partial(licenses.put, sealed=edited))
    await books.restart()
    assert books.view(HealthOf()).license_status == "required"


async def test_a_clock_turned_back_suspends_the_license_until_it_is_right_again(books):
    await books.ask(RegisterLicense("me@example.com", "Me"))
    noon = books.clock.now
    await LicenseTable(books.store, machine_id="m1", secret=b"s" * 32).keep_clock(noon)
    await books.restart()
    books.clock.now = noon - 3601
    assert books.view(HealthOf()).license_status == "required"
    books.clock.now = noon - 3599
    assert books.view(HealthOf()).license_status == "active"


async def test_the_clock_is_noted_at_the_start_already(books):
    await books.ask(RegisterLicense("me@example.com", "Me"))
    noon = books.clock.now
    books.clock.now = noon + 7200
    await books.restart()
    await books.ask(RegisterLicense("me@example.com", "Me"))  # behind the note
    books.clock.now = noon
    await books.restart()
    assert books.view(HealthOf()).license_status == "required"


async def test_whoever_activates_a_key_says_that_the_clock_is_right(books):
    key = (await books.ask(RegisterLicense("me@example.com", "Me"))).license_key
    now = books.clock.now
    books.clock.now = now + 10 * 365 * 86_400  # as a machine shows that has not learned the time yet
    await books.restart()
    await books.ask(RegisterLicense("me@example.com", "Me"))
    books.clock.now = now
    await books.restart()
    assert (await books.ask(RegisterLicense("me@example.com", "Me"))).license_status == "required"
    assert (await books.ask(ActivateLicense(key))).license_status == "active"
    assert (books.view(LicenseOf()).email, books.view(HealthOf()).license_status) == ("me@example.com", "active")
    await books.restart()
    assert books.view(HealthOf()).license_status == "active"


async def test_a_refusal_says_whether_it_is_the_license_or_the_clock(books):
    def told() -> str:
        error = refused(books.supervisor.snapshot("license_guard"), books.clock.now, "curl it")
        return f"{error.detail}; {error.hint}"

    assert told() == "a license is required; register it for free: curl it"
    await books.ask(RegisterLicense("me@example.com", "Me"))
    books.clock.now -= 7200
    assert "it shows 2024-04-27 10:00 UTC, but it has already shown 2024-04-27 12:00 UTC" in told()
    assert "/api/license/activate" in told()


async def test_a_posted_trend_ages_and_goes_stale_with_the_next_candle(books):
    now = int(books.clock.now)
    stored = await books.ask(StoreTrend("ZZZUSDT", "unknown", timeframe="1w", timestamp=1_714_000_000))
    assert (stored.symbol, stored.timestamp) == ("ZZZ", 1_714_000_000)
    row = books.view(TrendRows("1w")).data[0]
    assert (row.age_sec, row.stale) == (now - 1_714_000_000, True)
    await books.ask(StoreTrend("BTCUSDT", "sideway", timeframe="1h"))
    (fresh,) = (row for row in books.view(TrendRows()).data if row.symbol == "BTC")
    assert (fresh.age_sec, fresh.stale, fresh.timestamp) == (0, False, now)
    books.clock.now += 3600
    assert all(row.stale for row in books.view(TrendRows()).data)
    assert books.view(TrendRows("4h")).count == 0


def result(symbol: str, trend: Trend = "uptrend") -> TrendResult:
    score = Score(4, 1, 1)
    return TrendResult(symbol, "1h", "wave", "crypto", trend, "uptrend", False, "", score, {}, 1_714_219_200)


async def test_computed_trends_are_shown_at_once_and_stored_behind(books):
    await books.ask(NoteTrends(tuple(result(f"S{n}") for n in range(300))))
    assert books.view(TrendRows()).count == 300
    for n in range(300, 400):
        await books.ask(NoteTrends((result(f"S{n}"),)))
    await books.restart()
    assert books.view(TrendRows()).count == 400


class HeldWriter:
    """The store's writer, busy with something else until it is let go."""

    def __init__(self, books: Any) -> None:
        self._books, self._gate = books, threading.Event()

    async def __aenter__(self) -> None:
        self._busy = asyncio.create_task(self._books.store.write(lambda _connection: self._gate.wait(60)))
        await asyncio.sleep(0)

    async def __aexit__(self, *_error: object) -> None:
        self._gate.set()
        await self._busy


async def in_the_mailbox(books: Any, post: StoreTrend) -> asyncio.Task[Any]:
    """The task of a post that the book has handled, though it is not durable yet."""
    task = asyncio.create_task(books.ask(post))
    await asyncio.sleep(0)
    await books.ask(NoteTrends(()))
    return task


async def trends_after_a_restart(books: Any) -> list[str]:
    """The trends in the book; the same before and after a restart."""
    await books.ask(NoteTrends(()))
    shown = [row.trend for row in books.view(TrendRows()).data]
    await books.restart()
    assert [row.trend for row in books.view(TrendRows()).data] == shown
    return shown


async def test_a_posted_trend_stands_over_the_computed_ones_that_came_before_it(books):
    async with HeldWriter(books):
        await books.ask(NoteTrends((result("BTC", "sideway"),)))  # its write is under way
        await books.ask(NoteTrends((result("BTC", "downtrend"), result("ETH"))))  # these wait for it
        post = await in_the_mailbox(books, StoreTrend("BTCUSDT", "unknown"))
    assert (await post).trend == "unknown"
    assert await trends_after_a_restart(books) == ["unknown", "uptrend"]


async def test_a_computed_trend_stands_over_the_posted_one_that_came_before_it(books):
    async with HeldWriter(books):
        post = await in_the_mailbox(books, StoreTrend("BTCUSDT", "unknown"))
        await books.ask(NoteTrends((result("BTC", "downtrend"),)))
    assert (await post).trend == "unknown"
    assert await trends_after_a_restart(books) == ["downtrend"]


async def test_of_two_posted_trends_the_later_stands_unless_it_could_not_be_kept(books, monkeypatch):
    async with HeldWriter(books):
        first = await in_the_mailbox(books, StoreTrend("BTCUSDT", "uptrend"))
        with monkeypatch.context() as patched:

            async def full(*_write: object) -> None:
                raise StorageError("the disk is full")

            patched.setattr(books.store, "write", full)
            with pytest.raises(StorageError):
                await books.ask(StoreTrend("BTCUSDT", "downtrend"))
        third = await in_the_mailbox(books, StoreTrend("ETHUSDT", "uptrend"))
        last = await in_the_mailbox(books, StoreTrend("ETHUSDT", "downtrend"))
    await asyncio.gather(first, third, last)
    assert await trends_after_a_restart(books) == ["uptrend", "downtrend"]

"""The agents' board, the licence and the trends: durable, and honest about who may."""

from __future__ import annotations

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
from opentrader.domain.licence import is_genuine, key_for
from opentrader.domain.trend import Score, TrendResult
from opentrader.errors import AgentNotFound, LicenseKeyNotFound
from opentrader.store import licence
from opentrader.store.ports import LicenceTable


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


async def test_board_licence_and_trends_survive_a_restart(books):
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


async def test_a_licence_row_edited_by_another_hand_counts_as_none(books):
    await books.ask(RegisterLicense("me@example.com", "Me"))
    row = books.store.read(licence.row)
    await books.store.write(lambda c: licence.put(c, **(row._asdict() | {"name": "Somebody"})))
    await books.restart()
    assert books.view(HealthOf()).license_status == "required"


async def test_a_clock_turned_back_suspends_the_licence_until_it_is_right_again(books):
    await books.ask(RegisterLicense("me@example.com", "Me"))
    noon = books.clock.now
    await LicenceTable(books.store, machine_id="m1", secret=b"s" * 32).keep_clock(noon)
    await books.restart()
    books.clock.now = noon - 3601
    assert books.view(HealthOf()).license_status == "required"
    books.clock.now = noon - 3599
    assert books.view(HealthOf()).license_status == "active"


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


async def test_computed_trends_are_shown_at_once_and_stored_behind(books):
    def result(symbol: str) -> TrendResult:
        score = Score(4, 1, 1)
        return TrendResult(symbol, "1h", "wave", "crypto", "uptrend", "uptrend", False, "", score, {}, 1_714_219_200)

    await books.ask(NoteTrends(tuple(result(f"S{n}") for n in range(300))))
    assert books.view(TrendRows()).count == 300
    for n in range(300, 400):
        await books.ask(NoteTrends((result(f"S{n}"),)))
    await books.restart()
    assert books.view(TrendRows()).count == 400

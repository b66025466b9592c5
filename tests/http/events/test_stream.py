"""Server-sent events: what a stream begins with, and what it tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.domain.agents import LogLine
from opentrader.domain.analysis.trend import Score
from opentrader.errors import NotReady
from opentrader.http.events import log
from tests.http.events.event_stream import EMPTY, SIGNAL, STATUS, board, show, show_signals, streaming, told

TRADE = messages.TradeReply(
    "T1", "BTCUSDT", "buy", 1.0, 100.0, 98.0, 104.0, 1, 2, "mr_combined", "2026-04-27", "coo", "trade", 1_714_216_800
)
ENTRY = messages.PendingEntry(
    "E1", "MT_1", 1, "ETHUSDT", "buy", 10.0, 1.0, 2.0, 4.0, None, 9.8, 10.4, 24.0, "pending", 0.0, "b", "coo", 1, 2
)
TREND = messages.TrendRow("BTC", "1h", "posted", "crypto", "uptrend", Score(5, 0, 2), 0, False, 1)
MARKET = messages.MarketRow("BTC", "1d", "4h", "standby", 0, False, 1)


@pytest.fixture(autouse=True)
async def empty(system: Any, site: Any) -> AsyncIterator[None]:
    """Nothing is there yet; and at the end the streams go as they do when the daemon stops."""
    system.answers.update(EMPTY)
    yield
    site.gateway.shut()


# --- what a stream begins with -----------------------------------------------------------------------------------


async def test_a_stream_begins_with_hello_and_how_things_stand(site: Any, system: Any) -> None:
    system.answers[messages.BoardState] = board(
        "Scan", log=[LogLine(7, "coo", "info", "one"), LogLine(8, "coo", "info", "two")]
    )
    system.answers[messages.OpenTrades] = messages.TradeList((TRADE, replace(TRADE, id="T2")), 2)
    earliest = int(time.time())
    async with streaming(site, system) as stream:
        hello, *standing = await stream.beginning()
    assert b"Content-Type: text/event-stream" in stream.head
    assert b"Cache-Control: no-store" in stream.head
    assert hello.id is not None
    assert earliest * 1000 <= hello.id <= time.time() * 1000
    assert told(hello) == {"commit": "test", "resumed": False, "standing": 7}
    assert [event.kind for event in standing] == ["trade", "trade", "agent", "halt", "log", "log", "license"]
    assert {event.id for event in standing} == {None}
    assert [event.data["id"] for event in standing[:2]] == ["T1", "T2"]
    assert standing[2].data == {"agent": "a0", "status": "running", "action": "Scan", "ts": 1}
    assert told(standing[3]) == {"halted": False, "reason": "", "since": None}
    assert [event.data["message"] for event in standing[4:6]] == ["one", "two"]
    assert [event.data["ts"] for event in standing[4:6]] == [7, 8]
    assert earliest <= standing[0].data["ts"] <= time.time()


async def test_nothing_is_looked_at_before_there_is_a_stream(site: Any, system: Any) -> None:
    show(system, "Scan")
    assert (await site.send("GET", "/api/signal/list")).status == 200
    assert system.asked == [messages.SignalRows()]
    assert system.listeners == []


async def test_a_head_asks_for_no_stream(site: Any, system: Any) -> None:
    response = await site.send("HEAD", "/api/events")
    assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream")
    assert (await site.send("GET", "/api/signal/list")).status == 200  # on the same connection
    assert system.listeners == []


# --- what it tells -----------------------------------------------------------------------------------------------


async def test_an_update_arrives_as_it_is_made(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=agent") as stream:
        hello = await stream.next()
        for number, action in enumerate(("Scan", "Rest"), start=1):
            show(system, action)
            got = await stream.next()
            assert (got.id, got.kind, got.data["action"]) == (hello.number + number, "agent", action)


async def test_of_several_things_only_those_that_changed_are_told(site: Any, system: Any) -> None:
    btc, eth = replace(SIGNAL, symbol="BTCUSDT"), SIGNAL
    system.answers[messages.SignalRows] = messages.SignalList((btc, eth), 2)
    async with streaming(site, system) as stream:
        await stream.beginning()
        show_signals(system, btc, replace(eth, status="consumed"))
        got = await stream.next()
        assert (got.kind, got.data["symbol"], got.data["status"]) == ("signal", "ETHUSDT", "consumed")
        show_signals(system, replace(btc, notified=True), replace(eth, status="consumed"))
        got = await stream.next()
        assert (got.data["symbol"], got.data["notified"]) == ("BTCUSDT", True)


@pytest.mark.parametrize(
    ("kind", "view", "full", "none", "names"),
    [
        (
            "trade",
            messages.OpenTrades,
            messages.TradeList((TRADE,), 1),
            messages.TradeList((), 0),
            {"id": "T1", "symbol": "BTCUSDT"},
        ),
        (
            "pending",
            messages.PendingEntries,
            messages.PendingList((ENTRY,), 1),
            messages.PendingList((), 0),
            {"id": "E1", "symbol": "ETHUSDT"},
        ),
        (
            "signal",
            messages.SignalRows,
            messages.SignalList((SIGNAL,), 1),
            messages.SignalList((), 0),
            {"symbol": "ETHUSDT"},
        ),
        (
            "trend",
            messages.TrendRows,
            messages.TrendAll(1, 0, (TREND,)),
            messages.TrendAll(0, 0, ()),
            {"symbol": "BTC", "timeframe": "1h"},
        ),
        (
            "market",
            messages.MarketRows,
            messages.MarketAll(1, 0, (MARKET,)),
            messages.MarketAll(0, 0, ()),
            {"symbol": "BTC", "htf_tf": "1d", "mtf_tf": "4h"},
        ),
    ],
)
async def test_what_comes_and_goes_is_told(
    site: Any, system: Any, kind: str, view: Any, full: Any, none: Any, names: Any
) -> None:
    async with streaming(site, system, f"?types={kind}") as stream:
        await stream.beginning()
        system.publish("owner", view, full)
        came = await stream.next()
        assert (came.kind, came.data.items() >= names.items()) == (kind, True)
        assert "gone" not in came.data
        system.publish("owner", view, none)
        went = await stream.next()
        assert (went.kind, told(went)) == (kind, {**names, "gone": True})
        assert went.id == came.number + 1


async def test_growing_older_is_no_event(site: Any, system: Any) -> None:
    system.answers[messages.TrendRows] = messages.TrendAll(1, 0, (TREND,))
    show_signals(system, SIGNAL)
    async with streaming(site, system, "?types=signal,trend") as stream:
        await stream.beginning()
        system.publish(
            "trend_book", messages.TrendRows, messages.TrendAll(1, 0, (replace(TREND, age_sec=900, stale=True),))
        )
        show_signals(system, replace(SIGNAL, age_sec=5))
        await asyncio.sleep(4 * log.PAUSE_SECONDS)
        show_signals(system, replace(SIGNAL, age_sec=6, status="expired"))
        got = await stream.next()
        assert (got.kind, got.data["status"], got.data["age_sec"]) == ("signal", "expired", 6)


async def test_who_comes_later_is_told_the_age_of_then(site: Any, system: Any) -> None:
    show_signals(system, SIGNAL)
    async with streaming(site, system):
        system.answers[messages.SignalRows] = messages.SignalList((replace(SIGNAL, age_sec=77),), 1)
        async with streaming(site, system, "?types=signal") as later:
            assert (await later.beginning())[1].data["age_sec"] == 77


async def test_what_the_clock_alone_changes_is_told_without_a_publication(site: Any, system: Any) -> None:
    show_signals(system, SIGNAL)
    async with streaming(site, system, "?types=signal") as stream:
        await stream.beginning()
        system.answers[messages.SignalRows] = messages.SignalList((replace(SIGNAL, status="expired"),), 1)
        assert (await stream.next()).data["status"] == "expired"


async def test_each_new_line_of_the_log_is_told_once(site: Any, system: Any) -> None:
    lines = [LogLine(1, "coo", "info", f"line {number}") for number in range(205)]
    twice = LogLine(2, "ops", "error", "the same")
    show(system, log=lines[:200])
    async with streaming(site, system, "?types=log") as stream:
        assert len(await stream.beginning()) == 201
        show(system, log=lines[5:205])
        assert [event.data["message"] for event in await stream.several(5)] == [f"line {n}" for n in range(200, 205)]
        show(system, log=[*lines[7:205], twice, twice])
        assert [told(event) for event in await stream.several(2)] == [
            {"agent": "ops", "level": "error", "message": "the same"}
        ] * 2
        show(system, log=[*lines[8:205], twice, twice, LogLine(3, "coo", "info", "the last")])
        assert (await stream.next()).data == {"ts": 3, "agent": "coo", "level": "info", "message": "the last"}


async def test_a_halt_is_told_with_its_beginning(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=halt") as stream:
        await stream.beginning()
        earliest = int(time.time())
        system.publish("position_manager", messages.StatusOf, replace(STATUS, halted=True, halt_reason="lunch"))
        halted = (await stream.next()).data
        assert (halted["halted"], halted["reason"]) == (True, "lunch")
        assert earliest <= halted["since"] <= halted["ts"]
        system.publish("position_manager", messages.StatusOf, replace(STATUS, halted=True, halt_reason="dinner"))
        assert told(await stream.next()) == {"halted": True, "reason": "dinner", "since": halted["since"]}
        system.publish("position_manager", messages.StatusOf, replace(STATUS, equity=2.0))
        assert told(await stream.next()) == {"halted": False, "reason": "", "since": None}


async def test_of_a_halt_from_before_nobody_knows_the_beginning(site: Any, system: Any) -> None:
    system.answers[messages.StatusOf] = replace(STATUS, halted=True, halt_reason="night")
    async with streaming(site, system, "?types=halt") as stream:
        standing = (await stream.beginning())[1]
        assert told(standing) == {"halted": True, "reason": "night", "since": None}


async def test_only_the_wanted_kinds_are_told(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=hello,pending,signal") as stream:
        assert len(await stream.beginning()) == 1
        show(system, "Scan")
        show_signals(system, SIGNAL)
        assert (await stream.next()).kind == "signal"


async def test_what_needs_a_license_is_not_told_without_one(site: Any, system: Any) -> None:
    system.licensed = False
    system.answers[messages.OpenTrades] = messages.TradeList((TRADE,), 1)
    system.answers[messages.PendingEntries] = messages.PendingList((ENTRY,), 1)
    async with streaming(site, system, "?types=trade,pending,halt") as stream:
        trade, pending, halt = (await stream.beginning())[1:]
        assert trade.data["id"] == "T1"
        assert (pending.kind, told(pending)) == ("pending", {"code": "license_required"})
        assert halt.data["halted"] is False
        system.licensed = True
        system.publish("license_guard", messages.LicenseOf, EMPTY[messages.LicenseOf])
        assert (await stream.next()).data["id"] == "E1"
        system.licensed = False
        system.publish("license_guard", messages.LicenseOf, EMPTY[messages.LicenseOf])
        assert told(await stream.next()) == {"code": "license_required"}


async def test_what_is_not_known_yet_is_told_once_it_is(site: Any, system: Any) -> None:
    system.answers[messages.StatusOf] = NotReady("the account has not been read yet")
    async with streaming(site, system, "?types=halt") as stream:
        assert told((await stream.beginning())[1]) == {"code": "not_ready"}
        system.publish("position_manager", messages.StatusOf, STATUS)
        assert (await stream.next()).data["halted"] is False


@pytest.mark.parametrize("types", ["Agent", "agent,", "agent signal"])
async def test_types_are_names_with_commas(site: Any, types: str) -> None:
    response = await site.send("GET", "/api/events", params={"types": types})
    assert response.status == 422


async def test_a_kind_that_does_not_exist_is_refused_with_those_that_do(site: Any) -> None:
    response = await site.send("GET", "/api/events", params={"types": "pages,agent,sigal"})
    assert response.status == 422
    (fault,) = response.json()["detail"]
    assert (fault["loc"], fault["input"]) == (["query", "types"], "pages,agent,sigal")
    assert fault["msg"].startswith("no such event kind: pages, sigal; known: trade, signal, pending")

"""Server-sent events: how a client comes back, and how a stream ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.domain.agents import LogLine
from opentrader.http.events import log
from opentrader.http.events import stream as stream_module
from tests.http.events.event_stream import (
    EMPTY,
    PATIENCE_SECONDS,
    SIGNAL,
    Event,
    Stream,
    board,
    show,
    show_signals,
    streaming,
    told,
)
from tests.waiting import until


@pytest.fixture(autouse=True)
async def empty(system: Any, site: Any) -> AsyncIterator[None]:
    """Nothing is there yet; and at the end the streams go as they do when the daemon stops."""
    system.answers.update(EMPTY)
    yield
    site.gateway.shut()


# --- coming back -------------------------------------------------------------------------------------------------


async def test_a_client_that_comes_back_misses_nothing_and_hears_nothing_twice(
    site: Any, system: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One client stays; the other is cut off after each few events, and comes back while more happens."""
    monkeypatch.setattr(log, "PAUSE_SECONDS", 0.001)
    heard: list[Event] = []

    async def publish() -> None:
        for number in range(200):
            show(system, f"{number}", "still", log=[LogLine(n, "coo", "info", f"{n}") for n in range(number + 1)])
            await asyncio.sleep(0.002)

    async with streaming(site, system) as whole, asyncio.TaskGroup() as group:
        first = last = (await whole.beginning())[0].id
        assert first is not None
        group.create_task(publish())
        for count in range(1, 15):
            async with streaming(site, system, last=last) as stream:
                hello = await stream.next()
                assert (hello.id, told(hello)) == (last, {"commit": "test", "resumed": True, "standing": 0})
                heard += await stream.several(count)
                last = heard[-1].id
        assert heard == await whole.several(len(heard))
    assert [event.id for event in heard] == list(range(first + 1, first + 1 + len(heard)))


async def test_between_how_things_stand_and_what_follows_nothing_falls(
    site: Any, system: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of the log are told one by one: whoever begins at any moment has each of them, once."""
    monkeypatch.setattr(log, "PAUSE_SECONDS", 0)
    lines = [LogLine(number, "coo", "info", f"{number}") for number in range(190)]

    async def publish() -> None:
        for number in range(len(lines)):
            show(system, log=lines[: number + 1])
            await asyncio.sleep(0)

    async def read() -> list[int]:
        async with streaming(site, system, "?types=log") as stream:
            got = [event.data["ts"] for event in (await stream.beginning())[1:]]
            while len(got) < len(lines):
                got.append((await stream.next()).data["ts"])
            return got

    async def read_later(turns: int) -> list[int]:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await read()

    async with streaming(site, system):
        *heard, _ = await asyncio.gather(*(read_later(5 * number) for number in range(20)), publish())
    assert heard == [list(range(len(lines)))] * 20


async def test_what_is_missed_while_nobody_listens_is_kept(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=agent") as stream:
        last = (await stream.next()).id
    for action in ("Scan", "Rest"):
        system.asked.clear()
        show(system, action)
        await until(lambda: any(isinstance(asked, messages.BoardState) for asked in system.asked))
    show_signals(system, SIGNAL)
    async with streaming(site, system, "?types=agent", last=last) as stream:
        hello, *missed = await stream.several(3)
        assert hello.data["resumed"] is True
        assert [event.data["action"] for event in missed] == ["Scan", "Rest"]


@pytest.mark.parametrize("last", ["-1", "abc", "²", "9" * 30, "1", "9" * 20, "", "1.5"])
async def test_with_an_id_that_says_nothing_a_client_begins_anew(site: Any, system: Any, last: str) -> None:
    async with streaming(site, system, "?types=license", last=last) as stream:
        hello, standing = await stream.beginning()
        assert (hello.data["resumed"], standing.kind) == (False, "license")


async def test_the_record_reaches_back_a_thousand_events(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=agent") as stream:
        first = (await stream.next()).id
        assert first is not None
        for word in ("one", "two"):
            show(system, *[word] * 501)
            last = (await stream.several(501))[-1].id
        assert last == first + 1002
        for given, resumed in ((last - 1000, True), (last - 1001, False), (last, True), (last + 1, False)):
            async with streaming(site, system, "?types=agent", last=given) as other:
                hello = await other.next()
                assert (hello.id, hello.data["resumed"]) == (given if resumed else last, resumed)
                got = await other.several(last - given if resumed else 501)
                assert [event.id for event in got] == (list(range(given + 1, last + 1)) if resumed else [None] * 501)


# --- how it ends -------------------------------------------------------------------------------------------------


async def ended(stream: Stream) -> bytes:
    """What still comes until the connection ends, however it does."""
    got = b""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while block := await stream._reader.read(2**16):
                got += block
    except ConnectionError:
        pass
    return got


async def test_a_client_too_far_behind_is_dropped_and_the_others_live(
    site: Any, system: Any, caplog: pytest.LogCaptureFixture
) -> None:
    size, count = 20_000, 600  # far more than the kernel keeps for a connection
    async with (
        streaming(site, system, "?types=agent", slow=True) as slow,
        streaming(site, system, "?types=agent") as quick,
    ):
        await quick.beginning()
        for letter in "abc":
            show(system, *[letter * size] * count)
            assert {event.data["action"][0] for event in await quick.several(count)} == {letter}
        got = await ended(slow)
        assert got.startswith(b"id: ")
        assert got.endswith(b"\n\n")
        assert got.count(b"event: agent") < 2 * count
        assert caplog.records == []
        show(system, "quick goes on")
        assert "quick goes on" in [event.data.get("action") for event in await quick.several(count)]


async def test_a_client_that_takes_nothing_for_long_is_dropped(
    site: Any, system: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = asyncio.Event()

    async def send(*given: Any, send: Any = stream_module._write) -> None:
        try:
            await send(*given)
        except ConnectionResetError:
            dropped.set()
            raise

    monkeypatch.setattr(stream_module, "SLOW_SECONDS", 2.0)
    monkeypatch.setattr(stream_module, "_write", send)
    async with (
        streaming(site, system, "?types=agent", slow=True) as slow,
        streaming(site, system, "?types=agent") as quick,
    ):
        await quick.beginning()
        show(system, *["x" * 20_000] * 900)
        await quick.several(900)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await dropped.wait()
        got = await ended(slow)
        assert got.count(b"event: agent") < 900
        assert not got.endswith(b"\n\n")  # cut off: nothing waits here for such a client
        show(system)
        assert (await quick.next()).data["gone"] is True


async def test_a_silent_stream_shows_that_it_lives(site: Any, system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "KEEPALIVE_SECONDS", 0.05)
    async with streaming(site, system, "?types=agent") as stream:
        await stream.next()
        assert [await stream.block() for _ in "ab"] == [b": ping"] * 2


async def test_so_does_one_that_hears_nothing_of_what_happens(
    site: Any, system: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "KEEPALIVE_SECONDS", 0.3)

    async def bustle() -> None:
        for number in range(1000):
            show(system, f"{number}")
            await asyncio.sleep(0.06)

    async with streaming(site, system, "?types=trade") as stream:
        await stream.next()
        others = asyncio.create_task(bustle())
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await stream.block() == b": ping"
        others.cancel()


async def test_a_stop_ends_the_streams_at_once_and_leaves_no_task(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=agent") as one, streaming(site, system, "?types=trade") as other:
        await one.next()
        await other.next()
        tasks = [task for task in asyncio.all_tasks() if task.get_name() == "event log"]
        assert len(tasks) == 1
        site.gateway.shut()
        assert await one.rest() == b""
        assert await other.rest() == b""
        await system.left.wait()
        assert system.listeners == []
        assert (await asyncio.wait(tasks, timeout=PATIENCE_SECONDS))[1] == set()


async def test_after_a_failure_of_the_record_the_next_stream_begins_another(
    site: Any, system: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with streaming(site, system, "?types=agent") as stream:
        last = (await stream.next()).id
        system.publish("agent_board", messages.BoardState, RuntimeError("a mistake"))
        assert await stream.rest() == b""
    assert "the event log failed" in caplog.text
    system.answers[messages.BoardState] = board("Scan")
    async with streaming(site, system, "?types=agent", last=last) as stream:
        hello, agent = await stream.beginning()
        assert (hello.data["resumed"], agent.data["action"]) == (False, "Scan")
        show(system, "Rest")
        assert (await stream.next()).data["action"] == "Rest"

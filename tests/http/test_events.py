"""Server-sent events: what a stream begins with, what it tells, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from opentrader.actors import messages as m
from opentrader.actors import replies as r
from opentrader.actors import trading_messages as tm
from opentrader.actors import trading_replies as t
from opentrader.domain.agents import AgentCard
from opentrader.http import events

EMPTY = {
    m.SignalRows: r.SignalList((), 0),
    m.MarketRows: r.MarketAll(0, 0, ()),
    m.TrendRows: r.TrendAll(0, 0, ()),
    m.LicenseOf: r.License("active", "free", None, None, None, "m", None, None),
    tm.OpenTrades: t.TradeList((), 0),
    tm.PendingEntries: t.PendingList((), 0),
}


@pytest.fixture(autouse=True)
def empty(system: Any) -> None:
    system.answers.update(EMPTY)


class Stream:
    """A client's side of one stream."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.head = b""

    async def next(self) -> tuple[int, str, Any]:
        """Number, kind and data of the next event; what only says that the stream lives is passed over."""
        while True:
            block = await self._block()
            if not block.startswith(b":"):
                fields = dict(line.split(b": ", 1) for line in block.splitlines())
                return int(fields[b"id"]), fields[b"event"].decode(), orjson.loads(fields[b"data"])

    async def kinds(self, count: int) -> list[str]:
        return [(await self.next())[1] for _ in range(count)]

    async def rest(self) -> bytes:
        return await self._reader.read()

    async def _block(self) -> bytes:
        return (await self._reader.readuntil(b"\n\n")).rstrip()


@asynccontextmanager
async def streaming(site: Any, system: Any, query: str = "") -> AsyncIterator[Stream]:
    """HTTP/1.0: the answer is not cut into chunks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(f"GET /api/events{query} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    stream = Stream(reader)
    stream.head = await reader.readuntil(b"\r\n\r\n")
    await system.listening.wait()
    try:
        yield stream
    finally:
        writer.close()
        await writer.wait_closed()


def board(action: str) -> r.State:
    return r.State({"coo": AgentCard("running", action, 1)}, (), 1)


async def test_a_stream_begins_with_how_things_stand(site: Any, system: Any) -> None:
    async with streaming(site, system) as stream:
        assert b"Content-Type: text/event-stream" in stream.head
        assert b"Cache-Control: no-store" in stream.head
        assert await stream.kinds(len(events.KINDS)) == list(events.KINDS)


async def test_an_update_arrives_as_it_is_made(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=agent") as stream:
        assert (await stream.next())[:2] == (1, "agent")
        for number, action in enumerate(("Scan", "Rest"), start=2):
            system.publish("agent_board", m.BoardState, board(action))
            got = await stream.next()
            assert got[:2] == (number, "agent")
            assert got[2]["agents"]["coo"]["action"] == action


async def test_only_the_wanted_kinds_are_told(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=pending,signal,nonsense") as stream:
        assert await stream.kinds(2) == ["pending", "signal"]
        system.publish("agent_board", m.BoardState, board("Scan"))
        system.publish("signal_book", m.SignalRows, r.SignalList((), 7))
        assert (await stream.next())[1:] == ("signal", {"signals": [], "count": 7})


async def test_what_has_not_changed_is_not_told_again(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=trade,pending") as stream:
        await stream.kinds(2)
        system.publish("position_manager", tm.PendingEntries, t.PendingList((), 3))
        assert (await stream.next())[1:] == ("pending", {"pending": [], "count": 3})
        system.publish("position_manager", tm.OpenTrades, t.TradeList((), 4))
        assert (await stream.next())[1:] == ("trade", {"trades": [], "count": 4})


async def test_what_needs_a_licence_is_not_told_without_one(site: Any, system: Any) -> None:
    system.licensed = False
    async with streaming(site, system, "?types=trade,pending") as stream:
        assert (await stream.next())[1:] == ("trade", {"trades": [], "count": 0})
        assert (await stream.next())[1:] == ("pending", {"code": "license_required"})


async def test_a_silent_stream_shows_that_it_lives(site: Any, system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEEPALIVE_SECONDS", 0.01)
    async with streaming(site, system, "?types=agent") as stream:
        await stream.next()
        assert await stream._block() == b": still here"


async def test_a_client_that_leaves_frees_its_queue(site: Any, system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEEPALIVE_SECONDS", 0.01)
    async with streaming(site, system) as stream:
        await stream.next()
        assert len(system.listeners) == 1
    await system.left.wait()
    assert system.listeners == []


async def test_a_stop_ends_the_streams_at_once(site: Any, system: Any) -> None:
    async with streaming(site, system, "?types=agent") as stream:
        await stream.next()
        site.door.shut()
        await system.left.wait()
        assert (await stream.rest()).replace(b": still here\n\n", b"") == b""


@pytest.mark.parametrize("types", ["Agent", "agent,", "agent signal"])
async def test_types_are_names_with_commas(site: Any, types: str) -> None:
    response = await site.send("GET", "/api/events", params={"types": types})
    assert response.status == 422

"""A client of server-sent events over a real connection, and what the system behind them shows."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import orjson

from opentrader.actors import messages
from opentrader.domain.agents import AgentCard, LogLine

PATIENCE_SECONDS = 30
SIGNAL = messages.Signal(
    symbol="ETHUSDT", direction="buy", bot="b", status="pending", notified=False, created_at=1, expires_at=2, age_sec=0
)
STATUS = messages.BotStatus(
    running=True,
    halted=False,
    halt_reason=None,
    halted_symbols=(),
    mode="paper",
    exchange="paper",
    can_short=False,
    uptime_sec=1,
    open_trades=0,
    pending_entries=0,
    pending_signals=0,
    trades_today=0,
    max_trades_per_day=3,
    equity=1.0,
    realized_pnl_today=0.0,
    watchlist=(),
    degraded=False,
    account_age_sec=2,
    not_looked_at_sec=None,
    looks=(),
    venue=messages.VenueReply(True, None, 0, None, None, "off", None),
    alerts=(),
    disk=messages.DiskReply(free_bytes=1 << 40, reserve_bytes=16 << 20, degraded=False, slow_commits=0),
    actors=(),
    clock=None,
    timestamp=1,
)
EMPTY = {
    messages.SignalRows: messages.SignalList((), 0),
    messages.MarketRows: messages.MarketAll(0, 0, ()),
    messages.TrendRows: messages.TrendAll(0, 0, ()),
    messages.LicenseOf: messages.LicenseReply("active", "free", None, None, None, "m", None, None),
    messages.OpenTrades: messages.TradeList((), 0),
    messages.PendingEntries: messages.PendingList((), 0),
    messages.StatusOf: STATUS,
}


class Event(NamedTuple):
    id: int | None
    kind: str
    data: Any

    @property
    def number(self) -> int:
        """The id of an event that has one."""
        assert self.id is not None
        return self.id


class Stream:
    """A client's side of one stream."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.head = b""

    async def next(self) -> Event:
        """The next event; what only says that the stream lives is passed over."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (block := await self.block()) == b": ping":
                pass
        fields = dict(line.split(b": ", 1) for line in block.splitlines())
        number = int(fields[b"id"]) if b"id" in fields else None
        return Event(number, fields[b"event"].decode(), orjson.loads(fields[b"data"]))

    async def several(self, count: int) -> list[Event]:
        return [await self.next() for _ in range(count)]

    async def beginning(self) -> list[Event]:
        """`hello`, and what tells how things stand."""
        hello = await self.next()
        assert hello.kind == "hello"
        return [hello, *await self.several(hello.data["standing"])]

    async def rest(self) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.read()

    async def block(self) -> bytes:
        return (await self._reader.readuntil(b"\n\n")).rstrip()


@asynccontextmanager
async def streaming(
    site: Any, system: Any, query: str = "", *, last: object = None, slow: bool = False
) -> AsyncIterator[Stream]:
    """HTTP/1.0: the answer is not cut into chunks. A slow client takes in next to nothing that it does not read."""
    sock = socket.socket()
    if slow:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", site.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=1024 if slow else 2**20)
    given = "" if last is None else f"Last-Event-ID: {last}\r\n"
    writer.write(f"GET /api/events{query} HTTP/1.0\r\nHost: localhost\r\n{given}\r\n".encode())
    stream = Stream(reader)
    stream.head = await reader.readuntil(b"\r\n\r\n")
    await system.listening.wait()
    try:
        yield stream
    finally:
        writer.transport.abort()


def board(*actions: str, log: Iterable[LogLine] = ()) -> messages.State:
    """One card for each action; the log is given oldest first."""
    cards: Any = {f"a{number}": AgentCard("running", action, 1) for number, action in enumerate(actions)}
    return messages.State(cards, tuple(reversed(tuple(log))), 1)


def show(system: Any, *actions: str, log: Iterable[LogLine] = ()) -> None:
    system.publish("agent_board", messages.BoardState, board(*actions, log=log))


def show_signals(system: Any, *signals: messages.Signal) -> None:
    system.publish("signal_book", messages.SignalRows, messages.SignalList(signals, len(signals)))


def told(event: Event) -> Any:
    """Its data without the instant."""
    return {name: value for name, value in event.data.items() if name != "ts"}

"""The client: HTTP as fast as Python goes, so that the server is what is measured.

    python -m bench.processes.load

Reads one command a line from stdin, answers one line each; `client.py` is the other side.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import cycle, islice
from statistics import median, quantiles
from time import perf_counter
from typing import Any, cast

import orjson
import uvloop

HOST = "127.0.0.1"
Act = Callable[..., Awaitable[dict[str, Any]]]


class Failed(Exception):
    """An answer was no 200, or the connection ended."""


def request_bytes(method: str, path: str, body: Any) -> bytes:
    """A request as it goes over the wire."""
    data = b"" if body is None else orjson.dumps(body)
    described = b"" if body is None else b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(data)
    return b"%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n%s" % (method.encode(), path.encode(), HOST.encode(), described, data)


class Caller(asyncio.Protocol):
    """One connection: sends the next request when the answer to the one before is complete."""

    def __init__(self, requests: Iterator[bytes], seconds: list[float]) -> None:
        self._requests, self._seconds = requests, seconds
        self._buffer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not registered as such

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(Failed("the server closed the connection"))

    def begin(self) -> None:
        """Send the next request, or be done."""
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0 or len(self._buffer) < head + 4 + content_length(self._buffer[:head]):
            return
        if self.done.done():
            return
        if not self._buffer.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(Failed(self._buffer[:600].decode(errors="replace")))
            return
        self._seconds.append(perf_counter() - self._sent)
        self._buffer = b""
        self.begin()


def content_length(head: bytes) -> int:
    start = head.lower().index(b"content-length:") + 15
    return int(head[start:].split(b"\r\n", 1)[0])


async def burst(port: int, requests: Sequence[Any], count: int, connections: int) -> dict[str, Any]:
    """Send `count` requests, in turn those given, over so many connections at once."""
    loop, seconds = asyncio.get_running_loop(), list[float]()
    going = islice(cycle([request_bytes(*request) for request in requests]), count)
    callers = [
        (await loop.create_connection(lambda: Caller(going, seconds), HOST, port))[1] for _ in range(connections)
    ]
    begin = perf_counter()
    for caller in callers:
        caller.begin()
    await asyncio.gather(*(caller.done for caller in callers))
    took = perf_counter() - begin
    worst = quantiles(seconds, n=100)[98] if len(seconds) > 1 else seconds[0]
    return {"seconds": took, "p50": median(seconds), "p99": worst}


class Listener(asyncio.Protocol):
    """One stream of events: notes when it last heard anything."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.heard = asyncio.Event()
        self.at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(request_bytes("GET", self._path, None))

    def data_received(self, data: bytes) -> None:
        if b"event: " in data:
            self.at = perf_counter()
            self.heard.set()


class Streams:
    """The streams that are open."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    async def listen(self, port: int, path: str, clients: int) -> dict[str, Any]:
        """Open so many streams, and wait until each was greeted."""
        loop = asyncio.get_running_loop()
        for _ in range(clients):
            _, listener = await loop.create_connection(lambda: Listener(path), HOST, port)
            await listener.heard.wait()
            self._listeners.append(listener)
        return {}

    async def change(self, port: int, request: Sequence[Any]) -> dict[str, Any]:
        """Make a change, and wait until every stream received it; seconds since it was sent."""
        for listener in self._listeners:
            listener.heard.clear()
        sent = perf_counter()
        await burst(port, [request], 1, 1)
        await asyncio.gather(*(listener.heard.wait() for listener in self._listeners))
        heard = sorted(listener.at - sent for listener in self._listeners)
        return {"first": heard[0], "last": heard[-1]}

    async def hang_up(self) -> dict[str, Any]:
        for listener in self._listeners:
            listener.transport.close()
        self._listeners.clear()
        return {}


async def serve() -> None:
    """Carry out commands until there are no more."""
    streams = Streams()
    acts: dict[str, Act] = {
        "burst": burst,
        "listen": streams.listen,
        "change": streams.change,
        "hang_up": streams.hang_up,
    }
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = orjson.loads(line)
        try:
            answer = await acts[command.pop("do")](**command)
        except (Failed, OSError) as error:
            answer = {"failed": str(error)}
        print(orjson.dumps(answer).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(serve())

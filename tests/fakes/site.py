"""An application that is served on a free port, and ways to talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from opentrader.http.connection import Server
from opentrader.http.gateway import Gateway

JSON = {"Content-Type": "application/json"}
IDLE = '{"status":"idle"}'


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[int]:
    """The port on which the server can be reached."""
    runner = web.ServerRunner(server, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


class Site:
    """The served application, and ways to talk to it."""

    def __init__(self, session: aiohttp.ClientSession, port: int, gateway: Gateway) -> None:
        self.port, self.gateway = port, gateway
        self._session = session

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        """A request as a client makes it."""
        async with self._session.request(method, f"http://127.0.0.1:{self.port}{path}", **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def raw(self, request: bytes) -> bytes:
        """Bytes as they are; all that comes back until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        try:
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


def code(response: Any) -> tuple[int, str]:
    return response.status, response.json()["code"]

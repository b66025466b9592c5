"""A Bot API server on loopback that remembers what it was told, and answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from opentrader.telegram import Bot

TOKEN = "123456789:AAE-canary_canary-canary_canary-cana"


class FakeTelegram:
    """`answers` are taken in the order of the requests, as (status, body); after the last everything is fine."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.answers: list[tuple[int, Any]] = []
        self.arrivals = asyncio.Semaphore(0)  # one for each request
        self.release: asyncio.Event | None = None  # holds every answer
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.server = TestServer(app, host="127.0.0.1")

    def bot(self, **named: Any) -> Bot:
        return Bot(TOKEN, "-100200300", url=str(self.server.make_url("/")).rstrip("/"), **named)

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        self.sent.append(await request.json())
        self.arrivals.release()
        status, body = self.answers.pop(0) if self.answers else (200, sent(4710 + len(self.sent)))
        if self.release is not None:
            await self.release.wait()
        if isinstance(body, bytes):
            return web.Response(status=status, body=body, headers={"Location": "/elsewhere"} if status == 307 else {})
        return web.json_response(body, status=status)


def sent(message_id: object) -> dict[str, Any]:
    return {"ok": True, "result": {"message_id": message_id, "chat": {"id": -100200300}}}


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    fake = FakeTelegram()
    await fake.server.start_server()
    yield fake
    if fake.release is not None:
        fake.release.set()
    await fake.server.close()

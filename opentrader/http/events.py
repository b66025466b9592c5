"""What happens, as it happens: server-sent events, one stream a client.

An event tells that something changed and how it stands now: a client that missed one is right again with the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web

from opentrader.actors import messages as m
from opentrader.actors import trading_messages as tm
from opentrader.errors import OpentraderError
from opentrader.http.door import System
from opentrader.http.problems import HEADERS

KINDS: Mapping[str, tuple[str, m.View[Any]]] = {
    "agent_board": ("agent", m.BoardState()),
    "signal_book": ("signal", m.SignalRows()),
    "position_manager": ("trade", tm.OpenTrades()),
    "market_analyzer": ("market", m.MarketRows()),
    "trend_book": ("trend", m.TrendRows()),
    "license_guard": ("license", m.LicenseOf()),
}
"""Of whose snapshots an event tells, what it is called, and the view that it carries."""

KEEPALIVE_SECONDS = 15.0


async def stream(system: System, request: web.BaseRequest, types: str | None) -> web.StreamResponse:
    """Send events until the client goes or the daemon stops. Changes that come while one is sent are told as one."""
    wanted = set(types.split(",")) if types else {kind for kind, _ in KINDS.values()}
    response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    with system.changes() as changed, suppress(ConnectionError, asyncio.CancelledError):
        number = 0
        while system.ready:
            for owner in await _next(changed):
                kind, view = KINDS.get(owner, ("", m.BoardState()))
                if kind in wanted:
                    number += 1
                    await response.write(_event(number, kind, system, view))
            await response.write(b": still here\n\n")
    return response


async def _next(changed: asyncio.Queue[str]) -> list[str]:
    """Whose snapshots have changed, each once; none when nothing has for a while."""
    try:
        owners = {await asyncio.wait_for(changed.get(), KEEPALIVE_SECONDS)}
    except TimeoutError:
        return []
    while not changed.empty():
        owners.add(changed.get_nowait())
    return sorted(owners)


def _event(number: int, kind: str, system: System, view: m.View[Any]) -> bytes:
    try:
        data = orjson.dumps(system.view(view))
    except OpentraderError as error:
        data = orjson.dumps({"code": error.code})
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), data)

"""What happens, as it happens: server-sent events, one stream a client.

A stream begins with how things stand, and each event tells anew how what has changed stands now: a client that missed
one, or comes back, is right again with the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web

from opentrader.actors import messages as m
from opentrader.actors import trading_messages as tm
from opentrader.errors import OpentraderError
from opentrader.http.door import Door, System
from opentrader.http.problems import HEADERS

KINDS: Mapping[str, tuple[str, m.View[Any]]] = {
    "agent": ("agent_board", m.BoardState()),
    "signal": ("signal_book", m.SignalRows()),
    "trade": ("position_manager", tm.OpenTrades()),
    "pending": ("position_manager", tm.PendingEntries()),
    "market": ("market_analyzer", m.MarketRows()),
    "trend": ("trend_book", m.TrendRows()),
    "license": ("license_guard", m.LicenseOf()),
}
"""The kinds of events: whose snapshots they tell of, and the view that they carry."""

KEEPALIVE_SECONDS = 15.0


async def stream(door: Door, request: web.BaseRequest, types: str | None) -> web.StreamResponse:
    """Send events until the client goes or the daemon stops. Changes that come while one is sent are told as one."""
    system, wanted = await door.system(), tuple(types.split(",")) if types else tuple(KINDS)
    response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    events = Events(system, wanted)
    with door.changes(system) as changed, suppress(ConnectionError):
        await response.write(events.of({owner for owner, _ in KINDS.values()}))
        while not door.closing:
            owners = await _next(changed)
            await response.write(events.of(owners) or b": still here\n\n")
    return response


class Events:
    """The events of one stream. What it has told already is not told again."""

    def __init__(self, system: System, wanted: Iterable[str]) -> None:
        self._system = system
        self._wanted = {kind: KINDS[kind] for kind in wanted if kind in KINDS}
        self._told: dict[str, bytes] = {}
        self._number = 0

    def of(self, owners: set[str]) -> bytes:
        """The events of these owners, ready to be sent; empty if there are none."""
        return b"".join(self._event(kind) for kind, (owner, _) in self._wanted.items() if owner in owners)

    def _event(self, kind: str) -> bytes:
        data = _data(self._system, KINDS[kind][1])
        if self._told.get(kind) == data:
            return b""
        self._told[kind] = data
        self._number += 1
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self._number, kind.encode(), data)


async def _next(changed: asyncio.Queue[str]) -> set[str]:
    """Whose snapshots have changed; none when nothing has for a while."""
    try:
        owners = {await asyncio.wait_for(changed.get(), KEEPALIVE_SECONDS)}
    except TimeoutError:
        return set()
    while not changed.empty():
        owners.add(changed.get_nowait())
    return owners


def _data(system: System, view: m.View[Any]) -> bytes:
    try:
        system.admit(type(view))
        return orjson.dumps(system.view(view))
    except OpentraderError as error:
        return orjson.dumps({"code": error.code})

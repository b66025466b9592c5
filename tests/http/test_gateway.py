"""Requests that come before the system has started."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.fakes.site import code


async def test_health_is_answered_before_the_system_is_there(serve: Any) -> None:
    site = await serve(started=False)
    told = (await site.send("GET", "/api/health")).json()
    assert told == {"ok": True, "license_status": "required", "plan": "none", "commit": "test", "clock": None}


async def test_health_waits_a_moment_for_the_license_to_be_known(serve: Any, system: Any) -> None:
    site = await serve(started=False, health_seconds=30)
    waiting = asyncio.create_task(site.send("GET", "/api/health"))
    await site.send("OPTIONS", "/api/health")
    assert not waiting.done()
    site.gateway.open(system)
    assert (await waiting).json()["license_status"] == "active"


async def test_other_requests_wait_for_the_system(serve: Any, system: Any) -> None:
    site = await serve(started=False)
    waiting = asyncio.create_task(site.send("GET", "/api/state"))
    await site.send("GET", "/api/health")
    assert not waiting.done()
    site.gateway.open(system)
    assert (await waiting).status == 200


async def test_but_not_for_ever(serve: Any) -> None:
    site = await serve(started=False, startup_seconds=0.01)
    assert code(await site.send("GET", "/api/state")) == (503, "not_ready")


async def test_nor_for_a_system_that_will_not_come(serve: Any) -> None:
    site = await serve(started=False)
    waiting = asyncio.create_task(site.send("GET", "/api/state"))
    await site.send("GET", "/api/health")
    site.gateway.shut()
    assert code(await waiting) == (503, "shutting_down")

"""What systemd is told: ready, alive, stopping."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from opentrader import Settings
from opentrader.actors.runtime.supervision.supervisor import ActorStatus
from opentrader.daemon import serve as daemon
from opentrader.daemon import systemd
from opentrader.errors import StorageError
from opentrader.http.gateway import Gateway
from tests.process import SECONDS, serving


def test_systemd_is_told_when_it_is_ready_and_when_it_stops(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(SECONDS)
        told: dict[str, Any] = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        with serving(tmp_path / "data", **told) as daemon:
            assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
            assert daemon.stop() == 0
            manager.setblocking(False)
            assert b"STOPPING=1" in drained(manager)


async def test_while_the_store_is_stuck_no_sign_of_life_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = manager(monkeypatch)
    gateway, stuck, go_on = Gateway("dev"), threading.Event(), threading.Event()

    def hold(connection: object) -> None:
        stuck.set()
        go_on.wait(SECONDS)

    life = asyncio.create_task(daemon._run_system(Settings(data_dir=tmp_path), gateway))
    try:
        assert [await told.get() for _ in range(3)] == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]
        held = asyncio.create_task(gateway.started._store.write(hold))  # type: ignore[union-attr]  # a gateway that answers has started
        await asyncio.to_thread(stuck.wait, SECONDS)
        await signs_of_a_while(told)  # one may have been on its way
        assert await signs_of_a_while(told) == []
        go_on.set()
        assert await told.get() == "WATCHDOG=1"
        await held
    finally:
        go_on.set()
        life.cancel()
        await asyncio.wait({life})


async def test_a_store_that_answers_with_an_error_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full() -> None:
        raise StorageError("the disk is full")

    told = manager(monkeypatch)
    async with systemd.watchdog(list, full):
        assert [await told.get() for _ in "ab"] == ["WATCHDOG=1"] * 2


@pytest.mark.parametrize(("pausing", "signs"), [(True, ["WATCHDOG=1"]), (False, [])])
async def test_k12_an_actor_that_pauses_does_not_end_the_daemon(
    monkeypatch: pytest.MonkeyPatch, pausing: bool, signs: list[str]
) -> None:
    async def settled() -> None:
        """Nothing is being written."""

    told = manager(monkeypatch)
    down = ActorStatus("market_analyzer/BTCUSDT", alive=False, inbox=0, restarts=2, pausing=pausing)
    async with systemd.watchdog(lambda: [down], settled):
        assert (await signs_of_a_while(told))[:1] == signs


def manager(monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[str]:
    """What is told to a service manager that wants a sign of life every other microsecond."""
    told: asyncio.Queue[str] = asyncio.Queue()
    monkeypatch.setattr(systemd, "notify", told.put_nowait)
    monkeypatch.setenv("WATCHDOG_USEC", "2")
    return told


async def signs_of_a_while(told: asyncio.Queue[str]) -> list[str]:
    for _ in range(1_000):
        await asyncio.sleep(0)
    return [told.get_nowait() for _ in range(told.qsize())]


def drained(channel: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(channel.recv(100))
        except BlockingIOError:
            return found

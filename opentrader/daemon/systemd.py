"""Tells systemd how the daemon is, as `Type=notify` asks; without systemd nothing happens."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeAlias

from opentrader.errors import OpentraderError

Settled: TypeAlias = Callable[[], Awaitable[object]]


class Alive(Protocol):
    @property
    def alive(self) -> bool: ...


def notify(state: str) -> None:
    """Send one line to the service manager's socket. See sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    # A leading @ stands for the NUL of Linux's abstract sockets.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


def interval_seconds() -> float | None:
    """How often the manager wants a sign of life, halved to be on the safe side; None when it does not."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 2e6 if microseconds.isdigit() and int(microseconds) else None


@asynccontextmanager
async def watchdog(actors: Callable[[], Iterable[Alive]], settled: Settled) -> AsyncIterator[None]:
    """Give signs of life while all actors are alive and the store answers, if only with an error, to `settled`.

    Without them the manager restarts the daemon.
    """
    seconds = interval_seconds()
    task = asyncio.create_task(_signs(actors, settled, seconds)) if seconds else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


async def _signs(actors: Callable[[], Iterable[Alive]], settled: Settled, seconds: float) -> None:
    while True:
        # Without a time limit: as long as the store does not answer there is no sign, and one question is enough.
        with suppress(OpentraderError):
            await settled()
        if all(actor.alive for actor in actors()):
            notify("WATCHDOG=1")
        await asyncio.sleep(seconds)

"""Reports the daemon's state to systemd (`Type=notify`); without systemd it does nothing."""

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

    @property
    def pausing(self) -> bool: ...


def notify(state: str) -> None:
    """Send a state to the service manager's socket. See sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    # A leading @ stands for the NUL of Linux's abstract sockets.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


def interval_seconds() -> float | None:
    """Half of the watchdog interval that systemd has set; None without a watchdog."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 2e6 if microseconds.isdigit() and int(microseconds) else None


@asynccontextmanager
async def watchdog(actors: Callable[[], Iterable[Alive]], settled: Settled) -> AsyncIterator[None]:
    """Ping systemd while every actor is alive or pausing and the store responds to `settled`, if only with an error.

    If the pings stop, systemd restarts the daemon.
    """
    seconds = interval_seconds()
    task = asyncio.create_task(_ping(actors, settled, seconds)) if seconds else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


async def _ping(actors: Callable[[], Iterable[Alive]], settled: Settled, seconds: float) -> None:
    while True:
        # No timeout: while the store does not respond there must be no ping.
        with suppress(OpentraderError):
            await settled()
        if all(actor.alive or actor.pausing for actor in actors()):
            notify("WATCHDOG=1")
        await asyncio.sleep(seconds)

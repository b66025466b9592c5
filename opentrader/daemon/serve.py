"""The daemon: the port first, the system behind it, and an ordered end."""

from __future__ import annotations

import asyncio
import errno
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from opentrader.actors.messages import (
    HealthOf,
)
from opentrader.config.settings import Settings
from opentrader.daemon import systemd
from opentrader.domain.time_limits import STUCK_SECONDS
from opentrader.errors import ConfigError
from opentrader.http.application import Application
from opentrader.http.connection import Server
from opentrader.http.gateway import Gateway
from opentrader.http.security import Guard, is_loopback

if TYPE_CHECKING:
    from opentrader.system.trading_system import TradingSystem

EX_SOFTWARE = 70  # sysexits.h: an internal fault
WIND_UP_SECONDS = 2.0  # for answers that are being sent when the daemon is told to stop
_ADVICE = {
    errno.EADDRINUSE: "another program has it; --port 0 takes a free one",
    errno.EADDRNOTAVAIL: "this machine has no such address; 127.0.0.1 is for itself alone, 0.0.0.0 is all it has",
    errno.EACCES: "ports below 1024 are for the superuser; take a higher one",
}

logger = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Run the daemon until it is told to stop (exit status 0) or cannot go on (1; 70 when a handler is stuck).

    Raises `ConfigError` when it cannot start: the port or the data folder is in use, the feed is unusable.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for this platform
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings) -> int:
    """Open the port and live behind it."""
    gateway = Gateway(settings.commit)
    token = None if settings.api_token is None else settings.api_token.get_secret_value()
    application = Application(gateway, Guard(settings.host, token))
    runner = web.ServerRunner(Server(application), shutdown_timeout=WIND_UP_SECONDS)
    await runner.setup()
    try:
        site = await _listening(runner, settings)
        port: int = runner.addresses[0][1]
        return await _until_stopped(settings.model_copy(update={"port": port}), gateway, site)
    finally:
        await runner.cleanup()


async def _listening(runner: web.ServerRunner, settings: Settings) -> web.TCPSite:
    site = web.TCPSite(runner, settings.host, settings.port)
    try:
        await site.start()
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {settings.host}, port {settings.port}: {error.strerror}",
            hint=_ADVICE.get(error.errno or 0, _ADVICE[errno.EADDRNOTAVAIL]),
        ) from None
    return site


async def _until_stopped(settings: Settings, gateway: Gateway, site: web.TCPSite) -> int:
    """Live until a signal comes or the system gives up; the exit status."""
    life = asyncio.create_task(_live(settings, gateway))
    signalled = asyncio.create_task(_signal())
    await asyncio.wait({life, signalled}, return_when=asyncio.FIRST_COMPLETED)
    await site.stop()
    systemd.notify("STOPPING=1")
    given_up = life.done()
    life.cancel()
    signalled.cancel()
    return await _outcome(life, given_up=given_up)


async def _live(settings: Settings, gateway: Gateway) -> str:
    """Start the system, let requests in, and return why it cannot go on. However this ends, the system is stopped."""
    system = await asyncio.to_thread(_built, settings)
    try:
        await system.start()
        gateway.open(system)
        _announce(system)
        systemd.notify("READY=1")
        async with systemd.watchdog(system.actors, system.settled):
            return await system.wait_fatal()
    finally:
        gateway.shut()
        await system.stop()


def _built(settings: Settings) -> TradingSystem:
    # In a thread and no earlier: what the actors import takes longer than opening the port.
    from opentrader.system.trading_system import TradingSystem

    system = TradingSystem(settings, on_stuck=lambda name: _stuck(system, name))
    return system


def _stuck(system: TradingSystem, name: str) -> None:
    """Show where every thread is, and end if the handler does not return: the next start goes on from the journal."""
    faulthandler.dump_traceback(all_threads=True)
    asyncio.get_running_loop().call_later(STUCK_SECONDS, _end_stuck, system, name)


def _end_stuck(system: TradingSystem, name: str) -> None:
    if system.ready and any(row.name == name and not row.alive for row in system.actors()):
        logger.critical("%s does not return from its handler; the daemon ends to start anew", name)
        logging.shutdown()
        os._exit(EX_SOFTWARE)  # an ordered end would wait for that thread


async def _signal() -> None:
    """Return when the daemon is told to stop; after that a second signal kills as usual."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, told.set)
    try:
        await told.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _outcome(life: asyncio.Task[str], *, given_up: bool) -> int:
    try:
        reason = await life
    except asyncio.CancelledError:
        return 0
    if given_up:
        logger.critical("the daemon cannot go on: %s", reason)
    return int(given_up)


def _announce(system: TradingSystem) -> None:
    """Where it is to be found, once it is there."""
    base, settings = system.base_url(), system.settings
    _say(f"opentrader is listening on {base}\n  dashboard  {base}/api/dashboard\n  API        {base}/api/docs")
    if system.view(HealthOf()).license_status == "required":
        _say(f"The license is free; register it with\n  {system.register_curl()}")
    if not is_loopback(settings.host) and settings.api_token is None:
        told = "anybody who reaches port %d of this machine at %s can trade: set OPENTRADER_API_TOKEN"
        logger.warning(told, settings.port, settings.host)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

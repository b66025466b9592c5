"""The daemon: opens the port, starts the trading system behind it, and stops both in order."""

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

from opentrader.actors.messages import HealthOf
from opentrader.config.settings import Settings
from opentrader.daemon import systemd
from opentrader.domain.hosts import is_loopback
from opentrader.domain.time_limits import STUCK_SECONDS
from opentrader.errors import ConfigError
from opentrader.http.application import Application
from opentrader.http.connection import Server
from opentrader.http.gateway import Gateway
from opentrader.http.security import Guard

if TYPE_CHECKING:
    from opentrader.system.trading_system import TradingSystem

EX_SOFTWARE = 70  # sysexits.h: an internal software error
SHUTDOWN_SECONDS = 2.0  # for responses that are being sent when the daemon stops
_HINTS = {
    errno.EADDRINUSE: "another program uses this port; --port 0 selects a free one",
    errno.EADDRNOTAVAIL: "this machine has no such address; use 127.0.0.1 for this machine only, 0.0.0.0 for all",
    errno.EACCES: "ports below 1024 need root; use a higher port",
}

logger = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Run the daemon until it is stopped. Returns the exit status: 0 after a signal, 1 after a fatal error.

    A stuck handler ends the process with status 70. Raises `ConfigError` if the daemon cannot start: the port or the
    data folder is in use, or the feed is unusable.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not available on this platform
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings) -> int:
    """Open the port, then run the system until the end."""
    gateway = Gateway(settings.commit)
    token = None if settings.api_token is None else settings.api_token.get_secret_value()
    application = Application(gateway, Guard(settings.host, token))
    runner = web.ServerRunner(Server(application), shutdown_timeout=SHUTDOWN_SECONDS)
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
            hint=_HINTS.get(error.errno or 0, _HINTS[errno.EADDRNOTAVAIL]),
        ) from None
    return site


async def _until_stopped(settings: Settings, gateway: Gateway, site: web.TCPSite) -> int:
    """Run until a signal arrives or the system fails; returns the exit status."""
    running = asyncio.create_task(_run_system(settings, gateway))
    signalled = asyncio.create_task(_signal())
    await asyncio.wait({running, signalled}, return_when=asyncio.FIRST_COMPLETED)
    await site.stop()
    systemd.notify("STOPPING=1")
    failed = running.done()
    running.cancel()
    signalled.cancel()
    return await _exit_status(running, failed=failed)


async def _run_system(settings: Settings, gateway: Gateway) -> str:
    """Start the system, let requests through, and return the reason of a fatal error. Always stops the system."""
    system = await asyncio.to_thread(_build, settings)
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


def _build(settings: Settings) -> TradingSystem:
    # Imported in this thread: importing the actors takes longer than opening the port.
    from opentrader.system.trading_system import TradingSystem

    system = TradingSystem(settings, on_stuck=lambda name: _stuck(system, name))
    return system


def _stuck(system: TradingSystem, name: str) -> None:
    """Dump all stacks; exit later if the handler is still stuck. The next start resumes from the journal."""
    faulthandler.dump_traceback(all_threads=True)
    asyncio.get_running_loop().call_later(STUCK_SECONDS, _end_stuck, system, name)


def _end_stuck(system: TradingSystem, name: str) -> None:
    if system.ready and any(row.name == name and not row.alive and not row.pausing for row in system.actors()):
        logger.critical("actor %s is stuck in a handler; exiting for a restart", name)
        logging.shutdown()
        os._exit(EX_SOFTWARE)  # an orderly shutdown would wait for that thread


async def _signal() -> None:
    """Return at the first SIGTERM or SIGINT. A second one then kills the process as usual."""
    loop, received = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, received.set)
    try:
        await received.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _exit_status(running: asyncio.Task[str], *, failed: bool) -> int:
    try:
        reason = await running
    except asyncio.CancelledError:
        return 0
    if failed:
        logger.critical("fatal error, the daemon exits: %s", reason)
    return int(failed)


def _announce(system: TradingSystem) -> None:
    """Print the addresses, and warn about an unprotected port."""
    base, settings = system.base_url(), system.settings
    _print(f"opentrader is listening on {base}\n  dashboard  {base}/api/dashboard\n  API        {base}/api/docs")
    if system.view(HealthOf()).license_status == "required":
        _print(f"The license is free; register it with\n  {system.register_curl()}")
    if not is_loopback(settings.host) and settings.api_token is None:
        warning = "authentication is off: anyone who can reach port %d on %s can trade; set OPENTRADER_API_TOKEN"
        logger.warning(warning, settings.port, settings.host)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

"""A real daemon in a process of its own, and the whole system in this one behind real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from opentrader import Settings, TradingSystem
from opentrader.actors.trading import position_manager
from opentrader.http.application import Application
from opentrader.http.connection import Server
from opentrader.http.gateway import Gateway
from opentrader.http.security import Guard
from opentrader.system import composition
from tests.fakes.site import Site, listening
from tests.process import TRADER, Daemon, serving
from tests.system.venue import Venue


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with serving(tmp_path / "data", **TRADER) as running:
        yield running


@pytest.fixture
async def venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Venue]:
    """A busy machine may need more than a second from a commit to the socket, which no test of these is about."""
    monkeypatch.setattr(position_manager, "LATE_MS", 60_000)
    monkeypatch.setattr(composition, "RECV_WINDOW_MS", 60_000)
    settings = Settings(data_dir=tmp_path, license_email="me@example.com", license_name="Me", risk_max_trades_day=1000)
    async with TradingSystem(settings) as system:
        yield Venue(system, tmp_path)


@pytest.fixture
async def site(venue: Venue) -> AsyncIterator[Site]:
    gateway = Gateway("test")
    gateway.open(venue.system)
    async with listening(Server(Application(gateway, Guard("127.0.0.1", None)))) as port:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            yield Site(client, port, gateway)
        gateway.shut()

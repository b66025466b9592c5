"""The server of feeds, started for a test and stopped after it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.news.wire import Wire


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    await wire.server.start_server()
    yield wire
    wire.release.set()
    await wire.server.close()

"""A market that goes where a test says, with the trading actors over it; and a scene on the paper exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.exchange.paper.scene import opening, scene
from tests.fakes.market import Market

__all__ = ["market", "opening", "scene"]


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    running = Market(tmp_path)
    await running.start()
    await running.go(100.0)
    yield running
    await running.stop()

"""How a test waits for what nothing announces: for the thing itself, never for a time in which it should have come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE_SECONDS = 60  # what has not come by then never will; no test depends on its length


async def until(holds: Callable[[], object]) -> None:
    """Return as soon as a condition holds; the event loop goes on meanwhile."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 (nothing announces it)
            await asyncio.sleep(0.005)
